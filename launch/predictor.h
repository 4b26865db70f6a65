#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "common/model/user_vectors.h"
#include "launch/model_data.h"
#include "worker/evaluator.h"
#include "worker/ranking.h"

namespace attune::launch {

/// One user of a model. Rows are the model's.
struct PredictedUser {
  Index row = kNoIndex;             ///< kNoIndex for a user that the model does not know
  std::span<const Index> history;   ///< R(i)
  std::span<const Index> excluded;  ///< items that are not candidates
};

/// What commands ask of a model, of whatever kind it is. Threads: const methods from any thread.
class Predictor {
 public:
  /// @param matched  must outlive this object
  Predictor(const ModelData& matched, unsigned threads);

  /// Whether the model cannot serve a user without a row, whatever the history.
  bool NeedsUserRow() const { return matched_.model().HasVectors() && view_.spec.HasU(); }

  /// Scores of given items for one user. @param scores  [which.size()]
  void Score(const PredictedUser& user, std::span<const Index> which, std::span<float> scores) const;
  /// The k best items of each user, best first.
  std::vector<std::vector<worker::ScoredItem>> TopItems(std::span<const PredictedUser> users,
                                                        std::size_t k) const;

 private:
  const ModelData& matched_;
  model::ModelView view_;                        ///< of a model with vectors
  std::unique_ptr<model::UserVectors> vectors_;  ///< likewise
  std::unique_ptr<model::ItemScorer> scorer_;    ///< of one without
};

/// Ranks of a task's targets among all items.
worker::EvaluationResult EvaluateModel(const ModelData& matched, const worker::EvaluationTask& task,
                                       unsigned threads);
/// Among sampled items, as worker::EvaluateSampled.
worker::EvaluationResult EvaluateModelSampled(
    const ModelData& matched, const worker::EvaluationTask& task, std::uint32_t negatives, std::uint64_t seed,
    unsigned threads, const std::function<std::span<const Index>(std::size_t)>& unseen_too);

}  // namespace attune::launch
