#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>

#include "common/eval/metrics.h"
#include "worker/evaluator.h"

namespace attune::launch {

/// {"hr@10": …, "ndcg@10": …, …, "mrr": …}.
nlohmann::ordered_json ToJson(const eval::UserMetrics& metrics);

/// A line of a run's summary for people; empty if it was not evaluated.
std::string ValidationText(const nlohmann::ordered_json& summary);

/// Means over the users of a task. @param ranks  of all its targets
eval::UserMetrics MeanOf(const worker::EvaluationTask& task, std::span<const std::uint32_t> ranks);

}  // namespace attune::launch
