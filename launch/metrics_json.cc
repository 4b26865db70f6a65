#include "launch/metrics_json.h"

#include <fmt/core.h>

#include <nlohmann/json.hpp>

namespace attune::launch {

nlohmann::ordered_json ToJson(const eval::UserMetrics& metrics) {
  nlohmann::ordered_json json;
  for (std::size_t n = 0; n < eval::kCutoffs; ++n) {
    json[fmt::format("hr@{}", eval::Cutoff(n))] = metrics.hr[n];
    json[fmt::format("ndcg@{}", eval::Cutoff(n))] = metrics.ndcg[n];
  }
  json["mrr"] = metrics.mrr;
  return json;
}

eval::UserMetrics MeanOf(const worker::EvaluationTask& task, std::span<const std::uint32_t> ranks) {
  eval::MeanMetrics metrics;
  for (std::size_t n = 0; n < task.size(); ++n) {
    metrics.Add(eval::MetricsOf(ranks.subspan(task.users[n].first_target, task.Targets(n).size())));
  }
  return metrics.Mean();
}

std::string ValidationText(const nlohmann::ordered_json& summary) {
  if (!summary.contains("validation")) return {};
  const auto& v = summary["validation"];
  return fmt::format("validation: HR@10 {:.4f}  NDCG@10 {:.4f}  HR@100 {:.4f}  NDCG@100 {:.4f}\n",
                     v["hr@10"].get<double>(), v["ndcg@10"].get<double>(), v["hr@100"].get<double>(),
                     v["ndcg@100"].get<double>());
}

}  // namespace attune::launch
