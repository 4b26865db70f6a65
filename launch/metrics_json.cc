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

}  // namespace attune::launch
