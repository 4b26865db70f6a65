#include "launch/predictor.h"

#include <algorithm>

#include "common/aligned_buffer.h"

namespace attune::launch {

Predictor::Predictor(const ModelData& matched, unsigned threads) : matched_(matched) {
  if (!matched.model().HasVectors()) {
    scorer_ = matched.model().MakeScorer();
    return;
  }
  view_ = matched.view();
  vectors_ = std::make_unique<model::UserVectors>(view_, threads);
}

void Predictor::Score(const PredictedUser& user, std::span<const Index> which,
                      std::span<float> scores) const {
  if (vectors_) {
    std::vector<float> vector(view_.spec.dim);
    vectors_->Compute(user.row, user.history, vector);
    return worker::ScoreItems(vector.data(), vector.size(), which, vectors_->items(), scores);
  }
  std::vector<float> all(scorer_->items());
  scorer_->Score(user.row, user.history, all);
  for (std::size_t n = 0; n < which.size(); ++n) scores[n] = all[which[n]];
}

std::vector<std::vector<worker::ScoredItem>> Predictor::TopItems(std::span<const PredictedUser> users,
                                                                 std::size_t k) const {
  if (vectors_) {
    const std::size_t dim = view_.spec.dim;
    const std::size_t stride = simd::Padded(dim);
    AlignedBuffer buffer;
    float* rows = buffer.Zeroed(std::max<std::size_t>(1, users.size()) * stride);
    std::vector<worker::RankingQuery> queries(users.size());
    for (std::size_t n = 0; n < users.size(); ++n) {
      vectors_->Compute(users[n].row, users[n].history, {rows + n * stride, dim});
      queries[n].excluded = users[n].excluded;
    }
    return worker::TopItems(rows, stride, queries, vectors_->items(), k);
  }
  std::vector<std::vector<worker::ScoredItem>> lists;
  std::vector<float> scores(scorer_->items());
  for (const PredictedUser& user : users) {
    scorer_->Score(user.row, user.history, scores);
    lists.push_back(worker::BestOf(scores, user.excluded, k));
  }
  return lists;
}

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
