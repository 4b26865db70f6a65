#include "launch/predictor.h"

namespace attune::launch {

Predictor::Predictor(const ModelData& matched, unsigned threads) : model_(matched.model()) {
  if (model_.HasVectors()) {
    lists_ = std::make_unique<HistoryLists>(matched.view(), threads);
  } else {
    scorer_ = model_.MakeScorer();
  }
}

Predictor::Predictor(const model::LoadedModel& model, unsigned threads) : model_(model) {
  if (model_.HasVectors()) {
    lists_ = std::make_unique<HistoryLists>(model_.view(), threads);
  } else {
    scorer_ = model_.MakeScorer();
  }
}

bool Predictor::ReadsHistory() const {
  return lists_ ? lists_->view().spec.HasHistory() : model_.algorithm() != model::Algorithm::kPopularity;
}

ItemSubset Predictor::Subset(const std::optional<std::vector<Index>>& rows) const {
  return lists_ ? ItemSubset(lists_->items(), rows) : ItemSubset(rows);
}

void Predictor::Score(const HistoryQuery& user, std::span<const Index> which, std::span<float> scores) const {
  if (lists_) return lists_->Score(user, which, scores);
  std::vector<float> all(scorer_->items());
  scorer_->Score(user.user, user.history, all);
  for (std::size_t n = 0; n < which.size(); ++n) scores[n] = all[which[n]];
}

std::vector<std::vector<worker::ScoredItem>> Predictor::TopItems(std::span<const HistoryQuery> users,
                                                                 std::size_t k, bool exclude_seen,
                                                                 const ItemSubset& subset) const {
  if (lists_) return lists_->Best(users, k, exclude_seen, subset);
  std::vector<std::vector<worker::ScoredItem>> lists;
  std::vector<float> scores(scorer_->items());
  for (const HistoryQuery& user : users) {
    scorer_->Score(user.user, user.history, scores);
    lists.push_back(subset.BestOf(scores, exclude_seen ? user.history : std::span<const Index>(), k));
  }
  return lists;
}

}  // namespace attune::launch
