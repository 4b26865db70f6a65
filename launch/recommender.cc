#include "launch/recommender.h"

#include <algorithm>

namespace attune::launch {

Recommender::Recommender(const ModelData& matched, std::size_t k, bool exclude_seen, unsigned threads,
                         const std::optional<std::vector<Index>>& listed)
    : matched_(matched),
      k_(k),
      exclude_seen_(exclude_seen),
      predictor_(matched, threads),
      subset_(predictor_.Subset(listed)) {
  const std::vector<float> counts = matched.Popularity();
  for (Index item = 0; item < counts.size(); ++item) {
    if (subset_.Has(item)) popular_.push_back({item, counts[item]});
  }
  std::stable_sort(popular_.begin(), popular_.end(),
                   [](const auto& a, const auto& b) { return a.score > b.score; });
}

std::vector<worker::ScoredItem> Recommender::MostPopular(std::span<const Index> excluded) const {
  std::vector<Index> sorted(excluded.begin(), excluded.end());
  std::sort(sorted.begin(), sorted.end());
  std::vector<worker::ScoredItem> best;
  for (const worker::ScoredItem& item : popular_) {
    if (best.size() == k_) break;
    if (!std::binary_search(sorted.begin(), sorted.end(), item.item)) best.push_back(item);
  }
  return best;
}

std::vector<Recommendation> Recommender::Recommend(std::span<const Index> users) const {
  std::vector<Recommendation> result(users.size());
  std::vector<std::vector<Index>> histories(users.size());
  std::vector<std::size_t> served;
  std::vector<HistoryQuery> queries;
  for (std::size_t n = 0; n < users.size(); ++n) {
    result[n].user = users[n];
    matched_.AppendKnownItems(matched_.dataset().History(users[n]), histories[n]);
    const Index row = matched_.ModelUser(users[n]);
    result[n].by_popularity = histories[n].empty() || (row == kNoIndex && predictor_.NeedsUserRow());
    if (result[n].by_popularity) continue;
    served.push_back(n);
    queries.push_back({row, histories[n]});
  }
  auto lists = predictor_.TopItems(queries, k_, exclude_seen_, subset_);
  for (std::size_t at = 0; at < served.size(); ++at) result[served[at]].items = std::move(lists[at]);
  for (std::size_t n = 0; n < users.size(); ++n) {
    if (!result[n].by_popularity) continue;
    result[n].items =
        MostPopular(exclude_seen_ ? std::span<const Index>(histories[n]) : std::span<const Index>());
  }
  return result;
}

}  // namespace attune::launch
