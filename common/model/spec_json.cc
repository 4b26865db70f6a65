#include <fmt/core.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "common/error.h"
#include "common/model/model_files.h"

namespace attune::model {

using nlohmann::ordered_json;

namespace {

constexpr std::uint32_t kMaxDim = 4096;

const char* NameOf(ItemAttention attention) {
  switch (attention) {
    case ItemAttention::kNone:
      return "none";
    case ItemAttention::kAverage:
      return "average";
    case ItemAttention::kAttention:
      return "attention";
  }
  return "attention";
}

ItemAttention AttentionOf(const std::string& name, const std::string& where) {
  for (const auto attention : {ItemAttention::kNone, ItemAttention::kAverage, ItemAttention::kAttention}) {
    if (name == NameOf(attention)) return attention;
  }
  ThrowBadInput("{}: item_attention '{}' is unknown", where, name);
}

void SetInputs(const std::string& inputs, ModelSpec& spec, const std::string& where) {
  if (inputs.find_first_not_of("uvp") != std::string::npos) {
    ThrowBadInput("{}: attention_inputs '{}' has a letter other than u, v, p", where, inputs);
  }
  spec.attend_user = inputs.find('u') != std::string::npos;
  spec.attend_item = inputs.find('v') != std::string::npos;
  spec.attend_history = inputs.find('p') != std::string::npos;
}

}  // namespace

ordered_json SpecToJson(const ModelSpec& spec) {
  ordered_json json = {{"dim", spec.dim}, {"item_attention", NameOf(spec.item_attention)}};
  if (spec.HasAttention()) {
    json["attention_inputs"] = std::string(spec.attend_user ? "u" : "") + (spec.attend_item ? "v" : "") +
                               (spec.attend_history ? "p" : "");
    json["item_hidden"] = spec.hidden();
  }
  if (spec.HasHistory()) json["history_exponent"] = spec.history_exponent;
  json["user_vector"] = spec.user_vector;
  json["exclude_target"] = spec.exclude_target;
  json["max_history"] = spec.max_history;
  return json;
}

ModelSpec SpecFromJson(const ordered_json& json, const std::string& where) {
  ModelSpec spec;
  try {
    spec.dim = json.at("dim").get<std::uint32_t>();
    spec.item_attention = AttentionOf(json.at("item_attention").get<std::string>(), where);
    if (spec.HasAttention()) {
      SetInputs(json.at("attention_inputs").get<std::string>(), spec, where);
      spec.item_hidden = json.at("item_hidden").get<std::uint32_t>();
    }
    if (spec.HasHistory()) spec.history_exponent = json.at("history_exponent").get<double>();
    spec.user_vector = json.at("user_vector").get<bool>();
    spec.exclude_target = json.at("exclude_target").get<bool>();
    spec.max_history = json.at("max_history").get<std::uint32_t>();
  } catch (const ordered_json::exception& failure) {
    ThrowBadInput("{}: the model's settings are damaged: {}", where, failure.what());
  }
  if (spec.dim < 1 || spec.dim > kMaxDim)
    ThrowBadInput("{}: dim {}: expected 1..{}", where, spec.dim, kMaxDim);
  if (spec.hidden() < 1 || spec.hidden() > kMaxDim) {
    ThrowBadInput("{}: item_hidden {}: expected 1..{}", where, spec.item_hidden, kMaxDim);
  }
  if (!std::isfinite(spec.history_exponent) || spec.history_exponent < 0 || spec.history_exponent > 2) {
    ThrowBadInput("{}: history_exponent {}: expected 0..2", where, spec.history_exponent);
  }
  return spec;
}

}  // namespace attune::model
