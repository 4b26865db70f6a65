#pragma once

#include <optional>
#include <vector>

#include "worker/ranking.h"

namespace attune::launch {

/// The items that lists are made of: all of a model, or some. Of some it keeps a copy of their vectors, so
/// that no other is scored.
/// Threads: const methods from any thread.
class ItemSubset {
 public:
  /// All items.
  ItemSubset() = default;
  /// @param v     V
  /// @param rows  of v, in any order; all if there are none given
  ItemSubset(const model::RowsView& v, const std::optional<std::vector<Index>>& rows);
  /// Of a model without vectors.
  explicit ItemSubset(const std::optional<std::vector<Index>>& rows);

  bool all() const { return all_; }
  bool Has(Index item) const;

  /// worker::TopItems() among these items. @param v  V
  std::vector<std::vector<worker::ScoredItem>> Top(const float* users, std::size_t stride,
                                                   std::span<const worker::RankingQuery> queries,
                                                   const model::RowsView& v, std::size_t k) const;
  /// worker::BestOf() among these items. @param scores  of all items
  std::vector<worker::ScoredItem> BestOf(std::span<const float> scores, std::span<const Index> excluded,
                                         std::size_t k) const;

 private:
  /// Positions in rows_ of those of `items` that are there.
  std::vector<Index> PositionsOf(std::span<const Index> items) const;

  bool all_ = true;
  std::vector<Index> rows_;     ///< ascending
  std::vector<float> vectors_;  ///< [rows, D]; empty of a model without
};

}  // namespace attune::launch
