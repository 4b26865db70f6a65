#include "common/data/synth/options.h"

#include <nlohmann/json.hpp>
#include <string>

#include "common/data/features.h"
#include "common/error.h"

namespace attune::synth {
namespace {

using nlohmann::ordered_json;

constexpr Index kMostIndices = Index{1} << 31;
/// Most numbers in the vectors of an item, so that a block of items fits into memory: 64 MiB as floats.
constexpr std::uint64_t kMostNumbersOfItem = std::uint64_t{1} << 24;

void CheckPowerLaw(const Options& options) {
  const PowerLawOptions& law = options.power_law;
  const std::uint64_t users = options.users;
  if (law.min_user_interactions > options.items) {
    ThrowUsage("--min-user-interactions = {}: a user has each item once at most, and there are {} items",
               law.min_user_interactions, options.items);
  }
  if (law.interactions < users * law.min_user_interactions) {
    ThrowUsage(
        "--interactions = {}: {} users with {} or more each need {}; give more interactions, fewer users, or "
        "a lower --min-user-interactions",
        law.interactions, users, law.min_user_interactions, users * law.min_user_interactions);
  }
  if (law.interactions > users * options.items) {
    ThrowUsage("--interactions = {}: {} users and {} items have {} different pairs; expected at most as many",
               law.interactions, users, options.items, users * options.items);
  }
}

void CheckPlanted(const Options& options) {
  const PlantedOptions& planted = options.planted;
  if (planted.min_history > planted.max_history) {
    ThrowUsage("--min-history = {} is more than --max-history = {}", planted.min_history,
               planted.max_history);
  }
  if (planted.foreground > options.vectors.components) {
    ThrowUsage("--foreground = {}: an item has {} components; expected at most as many", planted.foreground,
               options.vectors.components);
  }
  if (options.vectors.dim < 1 + planted.aspects) {
    ThrowUsage("--feature-dim = {}: the marker and {} aspects need {} numbers or more", options.vectors.dim,
               planted.aspects, 1 + planted.aspects);
  }
}

void CheckVectors(const VectorOptions& vectors) {
  if (vectors.components > data::kMaxComponents) {
    ThrowUsage("--components = {}: an item may have at most {}", vectors.components, data::kMaxComponents);
  }
  if (vectors.min_components > vectors.components) {
    ThrowUsage("--min-components = {} is more than --components = {}", vectors.min_components,
               vectors.components);
  }
  if (std::uint64_t{vectors.components} * vectors.dim > kMostNumbersOfItem) {
    ThrowUsage("--components x --feature-dim = {} x {}: expected at most {} numbers an item",
               vectors.components, vectors.dim, kMostNumbersOfItem);
  }
}

void CheckOutput(const Options& options) {
  const std::string name = options.out.string();
  if (name.empty()) ThrowUsage("no --out; where shall the data go?");
  const bool file = name.ends_with(".tsv") || name.ends_with(".tsv.gz");
  if (options.format == Format::kTsv && !file) {
    ThrowUsage("--out {}: with --format tsv the name must end in .tsv or .tsv.gz", name);
  }
  if (options.format == Format::kDataset && file) {
    ThrowUsage("--out {}: is the name of a log, but a data set is a directory; add --format tsv for a log",
               name);
  }
}

void AddVectorSettings(const VectorOptions& vectors, ordered_json& json) {
  json["components"] = vectors.components;
  if (vectors.components == 0) return;
  json["min_components"] = vectors.min_components;
  json["feature_dim"] = vectors.dim;
  json["feature_dtype"] = vectors.dtype == io::DType::kF16 ? "f16" : "f32";
}

ordered_json PlantedJson(const PlantedOptions& planted) {
  return {{"aspects", planted.aspects},
          {"taste_dim", planted.taste_dim},
          {"min_history", planted.min_history},
          {"max_history", planted.max_history},
          {"genuine_share", planted.genuine_share},
          {"taste_sharpness", planted.taste_sharpness},
          {"style", planted.style},
          {"foreground", planted.foreground},
          {"marker", planted.marker},
          {"salience", planted.salience},
          {"noise", planted.noise}};
}

}  // namespace

void CheckOptions(const Options& options) {
  CheckOutput(options);
  if (options.users == 0 || options.items == 0 || options.users > kMostIndices ||
      options.items > kMostIndices) {
    ThrowUsage("--users = {}, --items = {}: expected 1 to {} of each", options.users, options.items,
               kMostIndices);
  }
  CheckVectors(options.vectors);
  options.kind == Kind::kPowerLaw ? CheckPowerLaw(options) : CheckPlanted(options);
}

ordered_json SettingsJson(const Options& options) {
  const bool planted = options.kind == Kind::kPlanted;
  ordered_json json = {{"kind", planted ? "planted" : "power_law"},
                       {"users", options.users},
                       {"items", options.items},
                       {"item_exponent", options.item_exponent},
                       {"seed", options.seed}};
  if (planted) {
    json.update(PlantedJson(options.planted));
  } else {
    json["interactions"] = options.power_law.interactions;
    json["user_exponent"] = options.power_law.user_exponent;
    json["min_user_interactions"] = options.power_law.min_user_interactions;
    json["split"] = options.test ? "latest" : "none";
  }
  json["validation"] = options.validation ? "latest" : "none";
  json["slices"] = options.slices;
  AddVectorSettings(options.vectors, json);
  return json;
}

}  // namespace attune::synth
