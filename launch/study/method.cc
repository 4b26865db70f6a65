#include "launch/study/method.h"

#include <algorithm>

#include "common/config/nearest.h"
#include "common/error.h"
#include "launch/runs/words.h"

namespace attune::launch {
namespace {

std::vector<Method> MakeMethods() {
  const SettingText average{"item_attention", "average"};
  const SettingText no_history{"item_attention", "none"};
  std::vector<Method> methods;
  const auto add = [&](std::string name, std::string title, Tuned tuned, std::vector<SettingText> settings,
                       double base, double per_dim) -> Method& {
    Method method;
    method.name = std::move(name);
    method.title = std::move(title);
    method.settings = std::move(settings);
    method.tuned = tuned;
    method.base = base;
    method.per_dim = per_dim;
    return methods.emplace_back(std::move(method));
  };
  add("popularity", "Popularity", Tuned::kNothing, {{"algorithm", "popularity"}}, 0, 0);
  add("ucf", "UCF", Tuned::kNeighbours, {{"algorithm", "user_knn"}}, 100, 0);
  add("itemknn", "ItemKNN", Tuned::kNeighbours, {{"algorithm", "item_knn"}}, 100, 0);
  add("cbf", "CBF", Tuned::kSimilarity, {{"algorithm", "content_mean"}}, 100, 0).needs_content = true;
  add("bpr", "BPR", Tuned::kFactors, {no_history}, 100, 2);
  Method& svdpp = add("svdpp", "SVD++", Tuned::kHistory, {average}, 150, 3);
  svdpp.table2 = "AVG / –";
  svdpp.table3 = "none";
  add("fism", "FISM", Tuned::kItems, {average, {"user_vector", "false"}, {"exclude_target", "true"}}, 200, 4);
  add("svdfeature", "SVDFeature", Tuned::kContentFactors, {no_history, {"item_content", "average"}}, 500, 9)
      .needs_content = true;
  Method& hybrid = add("deep_hybrid", "DeepHybrid", Tuned::kNetwork, {{"algorithm", "deep_hybrid"}}, 500, 9);
  hybrid.needs_content = true;
  hybrid.starts_from = "svdpp";
  Method& acf = add("acf", "ACF", Tuned::kAttention,
                    {{"attention_inputs", "uvpx"}, {"component_attention", "attention"}}, 500, 200);
  acf.needs_content = acf.attends_components = true;
  acf.table2 = "ATT / ATT";
  acf.table3 = "U+V+P+X";
  add("acf_uvp", "ACF without content", Tuned::kAttention, {{"attention_inputs", "uvp"}}, 130, 9).table3 =
      "U+V+P";
  Method& mean = add("acf_mean", "ACF, mean content", Tuned::kAttention,
                     {{"attention_inputs", "uvpx"}, {"component_attention", "average"}}, 650, 11);
  mean.needs_content = true;
  mean.everywhere = false;
  mean.table2 = "ATT / AVG";
  for (const char* inputs : {"uv", "up"}) {
    const std::string capitals = inputs[1] == 'v' ? "U+V" : "U+P";
    Method& part = add(std::string("acf_") + inputs, "ACF " + capitals, Tuned::kAttention,
                       {{"attention_inputs", inputs}}, 130, 9);
    part.everywhere = false;
    part.table3 = capitals;
  }
  return methods;
}

bool UsesHistory(const Method& method) {
  return method.tuned == Tuned::kHistory || method.tuned == Tuned::kItems ||
         method.tuned == Tuned::kAttention;
}

std::vector<Axis> QuickGrid(Tuned tuned) {
  switch (tuned) {
    case Tuned::kNothing:
      return {};
    case Tuned::kNeighbours:
      return {{"neighbours", {"100", "50", "200"}}, {"shrinkage", {"0", "10"}}};
    case Tuned::kSimilarity:
      return {{"similarity", {"cosine", "dot"}}};
    case Tuned::kNetwork:
      return {{"network_lr", {"0.001", "0.003"}},
              {"network_l2", {"0.001", "0.01"}},
              {"content_weight", {"10", "3", "30"}}};
    case Tuned::kFactors:
      return {{"lr", {"0.05", "0.1"}}, {"l2", {"0.02", "0.01", "0.005", "0.04"}}};
    case Tuned::kContentFactors:
      return {{"lr", {"0.05", "0.1"}},
              {"l2", {"0.02", "0.01", "0.005"}},
              {"lr_theta", {"0.0003", "0.003", "0.001"}}};
    case Tuned::kHistory:
      return {{"lr", {"0.05", "0.1"}}, {"l2", {"0.02", "0.01"}}, {"l2_p", {"0.003", "0.001"}}};
    case Tuned::kItems:
      return {{"lr", {"0.05", "0.02"}}, {"l2", {"0.01", "0.003"}}, {"l2_p", {"0.003", "0.001"}}};
    case Tuned::kAttention:
      return {{"lr", {"0.05", "0.1"}},
              {"l2", {"0.02"}},
              {"l2_p", {"0.003", "0.001"}},
              {"lr_theta", {"0.001", "0.0003"}}};
  }
  return {};
}

/// Around what was best on validation of Gowalla and Pinterest (docs/results.md).
std::vector<Axis> LargeGrid(Tuned tuned) {
  if (tuned < Tuned::kFactors) return QuickGrid(tuned);
  std::vector<Axis> axes = {{"lr", {"0.1", "0.15"}}, {"l2", {"0.005", "0.01"}}};
  if (tuned == Tuned::kContentFactors) {
    axes.push_back({"lr_theta", {"0.0003", "0.003", "0.001"}});
  } else if (tuned != Tuned::kFactors) {
    axes.push_back({"l2_p", {"0.0003", "0.001"}});
  }
  if (tuned == Tuned::kAttention) axes.push_back({"lr_theta", {"0.0003"}});
  return axes;
}

std::vector<Axis> PaperGrid(Tuned tuned) {
  if (tuned == Tuned::kNeighbours) {
    return {{"neighbours", {"100", "10", "20", "50", "200", "500"}}, {"shrinkage", {"0", "10", "100"}}};
  }
  if (tuned < Tuned::kFactors) return QuickGrid(tuned);
  std::vector<Axis> axes = {{"lr", {"0.05", "0.001", "0.005", "0.01", "0.1"}},
                            {"l2", {"0.01", "0", "0.0001", "0.001", "0.1"}}};
  if (tuned == Tuned::kAttention || tuned == Tuned::kContentFactors) {
    axes.push_back({"lr_theta", {"0.003", "0.0003", "0.001"}});
  }
  if (tuned == Tuned::kAttention) {
    axes.push_back({"batch_triples", {"512", "256", "1024"}});
  }
  return axes;
}

}  // namespace

const std::vector<Method>& AllMethods() {
  static const std::vector<Method> methods = MakeMethods();
  return methods;
}

std::vector<const Method*> ParseMethods(const std::string& text) {
  std::vector<std::string> known{"all"};
  for (const Method& method : AllMethods()) known.push_back(method.name);
  const std::vector<std::string> wanted = SplitWords(text, ',');
  for (const std::string& name : wanted) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    ThrowUsage("--methods: unknown method '{}'{}; known are {}", name, config::DidYouMean(name, known),
               JoinWords(known, ", "));
  }
  const auto has = [&](const std::string& name) {
    return std::find(wanted.begin(), wanted.end(), name) != wanted.end();
  };
  std::vector<const Method*> methods;
  for (const Method& method : AllMethods()) {
    if (!has("all") && !has(method.name)) continue;
    if (!method.starts_from.empty() && !has("all") && !has(method.starts_from)) {
      ThrowUsage("--methods: {} begins with the model of {}: name that, too", method.name,
                 method.starts_from);
    }
    methods.push_back(&method);
  }
  if (methods.empty()) ThrowUsage("--methods = '{}': no method; known are {}", text, JoinWords(known, ", "));
  return methods;
}

config::Grid ResolveGrid(config::Grid grid, std::uint64_t interactions) {
  constexpr std::uint64_t kLarge = 300'000;
  if (grid != config::GRID_AUTO) return grid;
  return interactions >= kLarge ? config::GRID_LARGE : config::GRID_QUICK;
}

std::vector<SettingText> FixedBy(const Method& method, config::Grid grid) {
  std::vector<SettingText> settings;
  if (UsesHistory(method)) settings.push_back({"history_exponent", grid == config::GRID_PAPER ? "1" : "0.5"});
  if (grid == config::GRID_LARGE && method.IsFactorisation()) {
    settings.push_back({"lr_schedule", "linear"});
    settings.push_back({"lr_final", "0.05"});
  }
  return settings;
}

std::vector<Axis> GridOf(const Method& method, config::Grid grid) {
  switch (grid) {
    case config::GRID_PAPER:
      return PaperGrid(method.tuned);
    case config::GRID_LARGE:
      return LargeGrid(method.tuned);
    case config::GRID_QUICK:
    case config::GRID_AUTO:
      break;
  }
  return QuickGrid(method.tuned);
}

}  // namespace attune::launch
