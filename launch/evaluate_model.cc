#include "launch/evaluate_model.h"

namespace attune::launch {

worker::EvaluationResult EvaluateModel(const ModelData& matched, const worker::EvaluationTask& task,
                                       unsigned threads) {
  if (matched.model().HasVectors()) return worker::Evaluate(matched.view(), task, threads);
  return worker::EvaluateScorer(*matched.model().MakeScorer(), task, threads);
}

worker::EvaluationResult EvaluateModelSampled(
    const ModelData& matched, const worker::EvaluationTask& task, std::uint32_t negatives, std::uint64_t seed,
    unsigned threads, const std::function<std::span<const Index>(std::size_t)>& unseen_too) {
  if (matched.model().HasVectors()) {
    return worker::EvaluateSampled(matched.view(), task, negatives, seed, threads, unseen_too);
  }
  return worker::EvaluateScorerSampled(*matched.model().MakeScorer(), task, negatives, seed, threads,
                                       unseen_too);
}

}  // namespace attune::launch
