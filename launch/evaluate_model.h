#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "launch/model_data.h"
#include "worker/evaluator.h"

namespace attune::launch {

/// Ranks of a task's targets among all items.
worker::EvaluationResult EvaluateModel(const ModelData& matched, const worker::EvaluationTask& task,
                                       unsigned threads);
/// Among sampled items, as worker::EvaluateSampled.
worker::EvaluationResult EvaluateModelSampled(
    const ModelData& matched, const worker::EvaluationTask& task, std::uint32_t negatives, std::uint64_t seed,
    unsigned threads, const std::function<std::span<const Index>(std::size_t)>& unseen_too);

}  // namespace attune::launch
