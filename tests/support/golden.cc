#include "tests/support/golden.h"

#include <fstream>

namespace attune::testing {

using nlohmann::json;

std::vector<double> Flat(const json& nested) {
  if (!nested.is_array()) return {nested.get<double>()};
  std::vector<double> values;
  for (const json& part : nested) {
    const std::vector<double> flat = Flat(part);
    values.insert(values.end(), flat.begin(), flat.end());
  }
  return values;
}

std::optional<Golden> Golden::Read(const std::string& name) {
  std::ifstream stream(std::filesystem::path(ATTUNE_GOLDEN_DIR) / (name + ".json"));
  if (!stream) return std::nullopt;
  return Golden{json::parse(stream)};
}

std::vector<std::vector<Index>> Golden::Histories() const {
  std::vector<std::vector<Index>> histories;
  for (const json& items : root.at("history")) histories.push_back(items.get<std::vector<Index>>());
  return histories;
}

std::vector<Triple> Golden::Batch() const {
  std::vector<Triple> batch;
  for (const json& t : root.at("batch")) batch.push_back({t[0], t[1], t[2]});
  return batch;
}

model::ReferenceParameters Golden::Parameters() const {
  model::ReferenceParameters parameters;
  const auto arrays = parameters.All();
  for (std::size_t n = 0; n < arrays.size(); ++n) {
    if (root.at("params").contains(kParameterNames[n])) {
      *arrays[n] = Flat(root.at("params").at(kParameterNames[n]));
    }
  }
  return parameters;
}

std::vector<std::vector<double>> Golden::Components() const {
  std::vector<std::vector<double>> components;
  if (!root.contains("components")) return components;
  for (const json& item : root.at("components")) components.push_back(Flat(item));
  return components;
}

model::ModelSpec GoldenSpec(const Golden& golden, const json& config) {
  model::ModelSpec spec;
  spec.dim = golden.root.at("dims").at("D");
  spec.item_hidden = golden.root.at("dims").at("H1");
  const std::string neighbour = config.at("neighbour");
  spec.item_attention = neighbour == "none"  ? model::ItemAttention::kNone
                        : neighbour == "avg" ? model::ItemAttention::kAverage
                                             : model::ItemAttention::kAttention;
  spec.attend_user = config.at("use_u");
  spec.attend_item = config.at("use_v");
  spec.attend_history = config.at("use_p");
  spec.attend_content = config.at("comp") != "none";
  if (spec.attend_content) {
    spec.feature_dim = golden.root.at("dims").at("F");
    spec.component_hidden = golden.root.at("dims").at("H2");
    spec.component_attention = config.at("comp") == "avg" ? model::ComponentAttention::kAverage
                                                          : model::ComponentAttention::kAttention;
  }
  spec.history_exponent = config.at("avg_exponent");
  spec.user_vector = config.at("user_vec");
  spec.exclude_target = config.at("exclude_target");
  return spec;
}

model::L2 GoldenL2(const json& config) {
  return {config.at("lam_u"),     config.at("lam_v"),     config.at("lam_p"),
          config.at("lam_theta"), config.at("l2_factor"), config.at("l2_scope") == "occurrence"};
}

}  // namespace attune::testing
