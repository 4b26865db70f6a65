#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "common/sync/shard_map.h"
#include "common/types.h"

namespace attune::sync {

/// Which items a host has rows of, and where they lie in its table: all of them, item n in row n; or those
/// that it owns and those that every host has, packed in order of items. Threads: value.
class Placement {
 public:
  /// A host that has every item.
  explicit Placement(Index items) : items_(items), rows_(items) {}
  /// @param self     server of `shards` whose host this is; nothing if it owns no rows
  /// @param hottest  items that every host has
  Placement(const ShardMap& shards, std::optional<std::uint32_t> self, std::span<const Index> hottest);

  Index items() const { return items_; }
  Index rows() const { return rows_; }
  bool complete() const { return rows_ == items_; }

  /// kNoIndex if the item's row is elsewhere.
  Index RowOf(Index item) const { return row_of_.empty() ? item : row_of_[item]; }
  Index ItemOf(Index row) const { return item_of_.empty() ? row : item_of_[row]; }
  /// Items by row; empty where item n is in row n.
  std::span<const Index> items_of_rows() const { return item_of_; }

 private:
  Index items_ = 0;
  Index rows_ = 0;
  std::vector<Index> row_of_;   ///< [items], or empty
  std::vector<Index> item_of_;  ///< [rows], or empty
};

}  // namespace attune::sync
