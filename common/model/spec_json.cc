#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string_view>

#include "common/error.h"
#include "common/io/json_text.h"
#include "common/model/model_files.h"

namespace attune::model {
namespace {

using nlohmann::ordered_json;

constexpr std::uint32_t kMaxDim = 4096;
constexpr std::uint32_t kMaxHidden = 4096;
constexpr std::uint32_t kMaxHistory = 1'000'000'000;
constexpr double kMaxExponent = 2.0;
constexpr std::uint32_t kMaxFeatureDim = 1 << 20;
constexpr std::uint32_t kMaxNeighbours = 1'000'000'000;
constexpr double kMaxShrinkage = 1e9;

struct AttentionName {
  ItemAttention attention;
  const char* name;
};
constexpr std::array kAttentionNames = {AttentionName{ItemAttention::kNone, "none"},
                                        AttentionName{ItemAttention::kAverage, "average"},
                                        AttentionName{ItemAttention::kAttention, "attention"}};

constexpr const char* kComponentAverage = "average";
constexpr const char* kComponentAttention = "attention";
constexpr const char* kDot = "dot";
constexpr const char* kCosine = "cosine";

constexpr std::array<std::string_view, 16> kKeys = {"algorithm",        "dim",
                                                    "item_attention",   "attention_inputs",
                                                    "item_hidden",      "item_content",
                                                    "feature_dim",      "component_attention",
                                                    "component_hidden", "history_exponent",
                                                    "user_vector",      "exclude_target",
                                                    "max_history",      "similarity",
                                                    "neighbours",       "shrinkage"};

/// Reads the keys of one spec, with the place in every error.
class SpecReader {
 public:
  SpecReader(const ordered_json& json, const std::string& where) : json_(json), where_(where) {
    if (!json.is_object()) ThrowBadInput("{}: expected an object, got {}", where, io::JsonText(json));
    for (const auto& [key, value] : json.items()) {
      if (std::find(kKeys.begin(), kKeys.end(), key) == kKeys.end()) {
        ThrowBadInput("{}: unknown key '{}'; a newer program may have written this model", where, key);
      }
    }
  }

  std::uint32_t Unsigned(const char* key, std::uint32_t min, std::uint32_t max) const {
    const ordered_json& value = Get(key);
    if (!value.is_number_unsigned() || value.get<std::uint64_t>() < min || value.get<std::uint64_t>() > max) {
      ThrowBadInput("{}: {} = {}: expected {} to {}", where_, key, io::JsonText(value), min, max);
    }
    return value.get<std::uint32_t>();
  }

  double Number(const char* key, double min, double max) const {
    const ordered_json& value = Get(key);
    if (!value.is_number() || !(value.get<double>() >= min && value.get<double>() <= max)) {
      ThrowBadInput("{}: {} = {}: expected {} to {}", where_, key, io::JsonText(value), min, max);
    }
    return value.get<double>();
  }

  bool Boolean(const char* key) const {
    const ordered_json& value = Get(key);
    if (!value.is_boolean())
      ThrowBadInput("{}: {} = {}: expected true or false", where_, key, io::JsonText(value));
    return value.get<bool>();
  }

  std::string Text(const char* key) const {
    const ordered_json& value = Get(key);
    if (!value.is_string()) ThrowBadInput("{}: {} = {}: expected a text", where_, key, io::JsonText(value));
    return value.get<std::string>();
  }

  ItemAttention Attention(const char* key) const {
    const std::string text = Text(key);
    for (const auto& known : kAttentionNames) {
      if (text == known.name) return known.attention;
    }
    ThrowBadInput("{}: {} = '{}': expected none, average or attention", where_, key, text);
  }

  /// Of a model with vectors; a factorisation where the key is missing.
  Algorithm VectorAlgorithm() const {
    return json_.contains("algorithm") ? AlgorithmThat(true) : Algorithm::kFactorisation;
  }
  Algorithm ScorerAlgorithm() const { return AlgorithmThat(false); }

  Similarity Likeness(const char* key) const {
    const std::string text = Text(key);
    if (text == kDot) return Similarity::kDot;
    if (text == kCosine) return Similarity::kCosine;
    ThrowBadInput("{}: {} = '{}': expected dot or cosine", where_, key, text);
  }

  ItemContent Content(const char* key) const {
    if (!json_.contains(key)) return ItemContent::kNone;
    const std::string text = Text(key);
    if (text == kComponentAverage) return ItemContent::kAverage;
    ThrowBadInput("{}: {} = '{}': expected average", where_, key, text);
  }

  ComponentAttention Components(const char* key) const {
    const std::string text = Text(key);
    if (text == kComponentAverage) return ComponentAttention::kAverage;
    if (text == kComponentAttention) return ComponentAttention::kAttention;
    ThrowBadInput("{}: {} = '{}': expected average or attention", where_, key, text);
  }

  void Inputs(const char* key, ModelSpec& spec) const {
    const std::string text = Text(key);
    for (const char letter : text) {
      if (std::string_view("uvpx").find(letter) == std::string_view::npos ||
          std::count(text.begin(), text.end(), letter) != 1) {
        ThrowBadInput("{}: {} = '{}': expected some of the letters u, v, p, x, each once", where_, key, text);
      }
    }
    spec.attend_user = text.find('u') != std::string::npos;
    spec.attend_item = text.find('v') != std::string::npos;
    spec.attend_history = text.find('p') != std::string::npos;
    spec.attend_content = text.find('x') != std::string::npos;
    if (text.empty()) {
      ThrowBadInput("{}: {} is empty, but item_attention is 'attention'", where_, key);
    }
  }

 private:
  Algorithm AlgorithmThat(bool has_vectors) const {
    const std::string text = Text("algorithm");
    for (const AlgorithmName& known : kAlgorithmNames) {
      if (text == known.name && HasVectors(known.algorithm) == has_vectors) return known.algorithm;
    }
    ThrowBadInput("{}: algorithm = '{}': unknown; a newer program may have written this model", where_, text);
  }

  const ordered_json& Get(const char* key) const {
    const auto at = json_.find(key);
    if (at == json_.end()) ThrowBadInput("{}: '{}' is missing", where_, key);
    return *at;
  }

  const ordered_json& json_;
  const std::string& where_;
};

void RequireNoOther(const ordered_json& json, const ordered_json& known, const std::string& where) {
  for (const auto& [key, value] : json.items()) {
    if (!known.contains(key)) ThrowBadInput("{}: '{}' has no meaning for this variant", where, key);
  }
}

}  // namespace

ordered_json SpecToJson(const ModelSpec& spec) {
  std::string inputs;
  if (spec.attend_user) inputs += 'u';
  if (spec.attend_item) inputs += 'v';
  if (spec.attend_history) inputs += 'p';
  if (spec.attend_content) inputs += 'x';
  const auto attention = std::find_if(kAttentionNames.begin(), kAttentionNames.end(), [&](const auto& known) {
    return known.attention == spec.item_attention;
  });
  ATTUNE_CHECK(attention != kAttentionNames.end());
  ordered_json json = ordered_json::object();
  if (spec.algorithm != Algorithm::kFactorisation) json["algorithm"] = NameOf(spec.algorithm);
  json["dim"] = spec.dim;
  if (spec.algorithm == Algorithm::kContentMean) {
    json["similarity"] = spec.similarity == Similarity::kCosine ? kCosine : kDot;
    return json;
  }
  json["item_attention"] = attention->name;
  if (spec.HasAttention()) {
    json["attention_inputs"] = inputs;
    json["item_hidden"] = spec.hidden();
  }
  if (spec.HasItemContent()) json["item_content"] = kComponentAverage;
  if (spec.HasContent()) json["feature_dim"] = spec.feature_dim;
  if (spec.AttendsContent()) {
    json["component_attention"] = spec.HasComponentAttention() ? kComponentAttention : kComponentAverage;
  }
  if (spec.HasComponentAttention()) json["component_hidden"] = spec.hidden2();
  if (spec.HasHistory()) json["history_exponent"] = spec.history_exponent;
  json["user_vector"] = spec.user_vector;
  json["exclude_target"] = spec.exclude_target;
  json["max_history"] = spec.max_history;
  return json;
}

namespace {

ModelSpec FactorsFromJson(const SpecReader& reader, const std::string& where) {
  ModelSpec spec;
  spec.algorithm = reader.VectorAlgorithm();
  spec.dim = reader.Unsigned("dim", 1, kMaxDim);
  spec.item_attention = reader.Attention("item_attention");
  if (spec.HasAttention()) {
    reader.Inputs("attention_inputs", spec);
    spec.item_hidden = reader.Unsigned("item_hidden", 1, kMaxHidden);
  }
  spec.item_content = reader.Content("item_content");
  if (spec.HasContent()) spec.feature_dim = reader.Unsigned("feature_dim", 1, kMaxFeatureDim);
  if (spec.AttendsContent()) {
    spec.component_attention = reader.Components("component_attention");
  }
  if (spec.HasComponentAttention())
    spec.component_hidden = reader.Unsigned("component_hidden", 1, kMaxHidden);
  if (spec.HasHistory()) spec.history_exponent = reader.Number("history_exponent", 0, kMaxExponent);
  spec.user_vector = reader.Boolean("user_vector");
  spec.exclude_target = reader.Boolean("exclude_target");
  spec.max_history = reader.Unsigned("max_history", 0, kMaxHistory);
  if (!spec.HasHistory() && !spec.user_vector) {
    ThrowBadInput("{}: neither a user vector nor a history: nothing is known of a user", where);
  }
  if (spec.HasItemContent() && spec.HasAttention()) {
    ThrowBadInput("{}: item_content needs item_attention 'none' or 'average'", where);
  }
  return spec;
}

}  // namespace

ModelSpec SpecFromJson(const ordered_json& json, const std::string& where) {
  const SpecReader reader(json, where);
  const ModelSpec spec =
      reader.VectorAlgorithm() == Algorithm::kContentMean
          ? ContentMeanSpec(reader.Unsigned("dim", 1, kMaxFeatureDim), reader.Likeness("similarity"))
          : FactorsFromJson(reader, where);
  RequireNoOther(json, SpecToJson(spec), where);
  return spec;
}

ordered_json ScorerSpecToJson(const ScorerSpec& spec) {
  ordered_json json = {{"algorithm", NameOf(spec.algorithm)}};
  if (spec.algorithm == Algorithm::kPopularity) return json;
  json["neighbours"] = spec.search.neighbours;
  json["shrinkage"] = spec.search.shrinkage;
  return json;
}

ScorerSpec ScorerSpecFromJson(const ordered_json& json, const std::string& where) {
  const SpecReader reader(json, where);
  ScorerSpec spec;
  spec.algorithm = reader.ScorerAlgorithm();
  if (spec.algorithm != Algorithm::kPopularity) {
    spec.search.neighbours = reader.Unsigned("neighbours", 0, kMaxNeighbours);
    spec.search.shrinkage = reader.Number("shrinkage", 0, kMaxShrinkage);
  }
  RequireNoOther(json, ScorerSpecToJson(spec), where);
  return spec;
}

}  // namespace attune::model
