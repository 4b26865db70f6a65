#include "launch/item_subset.h"

#include <algorithm>

namespace attune::launch {

ItemSubset::ItemSubset(const std::optional<std::vector<Index>>& rows) {
  if (!rows) return;
  all_ = false;
  rows_ = *rows;
  std::sort(rows_.begin(), rows_.end());
  rows_.erase(std::unique(rows_.begin(), rows_.end()), rows_.end());
}

ItemSubset::ItemSubset(const model::RowsView& v, const std::optional<std::vector<Index>>& rows)
    : ItemSubset(rows) {
  vectors_.reserve(rows_.size() * v.width);
  for (const Index row : rows_) vectors_.insert(vectors_.end(), v[row], v[row] + v.width);
}

bool ItemSubset::Has(Index item) const {
  return all_ || std::binary_search(rows_.begin(), rows_.end(), item);
}

std::vector<Index> ItemSubset::PositionsOf(std::span<const Index> items) const {
  std::vector<Index> positions;
  for (const Index item : items) {
    const auto at = std::lower_bound(rows_.begin(), rows_.end(), item);
    if (at != rows_.end() && *at == item) positions.push_back(static_cast<Index>(at - rows_.begin()));
  }
  return positions;
}

std::vector<worker::ScoredItem> ItemSubset::BestOf(std::span<const float> scores,
                                                   std::span<const Index> excluded, std::size_t k) const {
  if (all_) return worker::BestOf(scores, excluded, k);
  std::vector<float> own;
  own.reserve(rows_.size());
  for (const Index row : rows_) own.push_back(scores[row]);
  auto list = worker::BestOf(own, PositionsOf(excluded), k);
  for (worker::ScoredItem& item : list) item.item = rows_[item.item];
  return list;
}

std::vector<std::vector<worker::ScoredItem>> ItemSubset::Top(const float* users, std::size_t stride,
                                                             std::span<const worker::RankingQuery> queries,
                                                             const model::RowsView& v, std::size_t k) const {
  if (all_) return worker::TopItems(users, stride, queries, v, k);
  std::vector<std::vector<Index>> excluded(queries.size());
  std::vector<worker::RankingQuery> own(queries.size());
  for (std::size_t n = 0; n < queries.size(); ++n) {
    excluded[n] = PositionsOf(queries[n].excluded);
    own[n].excluded = excluded[n];
  }
  auto lists = worker::TopItems(users, stride, own, {vectors_.data(), rows_.size(), v.width, v.width}, k);
  for (auto& list : lists) {
    for (worker::ScoredItem& item : list) item.item = rows_[item.item];
  }
  return lists;
}

}  // namespace attune::launch
