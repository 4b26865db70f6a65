#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>

#include "common/eval/metrics.h"
#include "worker/evaluator.h"

namespace attune::launch {

/// {"hr@10": …, "ndcg@10": …, …, "mrr": …}.
nlohmann::ordered_json ToJson(const eval::UserMetrics& metrics);

/// Means over the users of a task. @param ranks  of all its targets
eval::UserMetrics MeanOf(const worker::EvaluationTask& task, std::span<const std::uint32_t> ranks);

}  // namespace attune::launch
