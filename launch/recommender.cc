#include "launch/recommender.h"

#include <algorithm>

#include "common/aligned_buffer.h"
#include "common/simd.h"

namespace attune::launch {
namespace {

std::vector<worker::ScoredItem> SortByPopularity(std::span<const float> counts) {
  std::vector<worker::ScoredItem> items;
  for (Index item = 0; item < counts.size(); ++item) items.push_back({item, counts[item]});
  std::stable_sort(items.begin(), items.end(),
                   [](const auto& a, const auto& b) { return a.score > b.score; });
  return items;
}

}  // namespace

Recommender::Recommender(const ModelData& matched, std::size_t k, bool exclude_seen, unsigned threads)
    : matched_(matched),
      view_(matched.model().view()),
      k_(k),
      exclude_seen_(exclude_seen),
      vectors_(view_, threads),
      by_popularity_(SortByPopularity(matched.Popularity())) {}

std::vector<worker::ScoredItem> Recommender::Popular(std::span<const Index> excluded) const {
  std::vector<worker::ScoredItem> items;
  for (const worker::ScoredItem& item : by_popularity_) {
    if (items.size() == k_) break;
    if (std::find(excluded.begin(), excluded.end(), item.item) == excluded.end()) items.push_back(item);
  }
  return items;
}

std::vector<RecommendedList> Recommender::Recommend(std::span<const Index> users) const {
  const std::size_t stride = simd::Padded(view_.spec.dim);
  AlignedBuffer buffer;
  float* rows = buffer.Zeroed(users.size() * stride);
  std::vector<std::vector<Index>> histories;
  std::vector<worker::RankingQuery> queries;
  for (std::size_t n = 0; n < users.size(); ++n) {
    histories.push_back(matched_.History(users[n]));
    vectors_.Compute(matched_.ModelUser(users[n]), histories.back(), {rows + n * stride, view_.spec.dim});
  }
  for (const auto& history : histories) {
    queries.push_back({{}, exclude_seen_ ? std::span<const Index>(history) : std::span<const Index>()});
  }
  auto best = worker::TopItems(rows, stride, queries, view_.v, k_);
  std::vector<RecommendedList> lists(users.size());
  for (std::size_t n = 0; n < users.size(); ++n) {
    lists[n].by_popularity = histories[n].empty();
    lists[n].items = lists[n].by_popularity ? Popular(queries[n].excluded) : std::move(best[n]);
  }
  return lists;
}

}  // namespace attune::launch
