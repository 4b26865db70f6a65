#pragma once

#include <span>

#include "common/types.h"

namespace attune::worker {

/// Which item is in a row of the item table, where that is not the item of the same number. Threads: value.
struct RowNames {
  std::span<const Index> residents;  ///< items of the table's own rows
  Index first_visitor = kNoIndex;    ///< first row of those brought for a batch
  std::span<const Index> visitors;   ///< items of these

  Index ItemOf(Index row) const {
    if (row >= first_visitor) return visitors[row - first_visitor];
    return residents.empty() ? row : residents[row];
  }
  /// Whether every row has the item of its number.
  bool plain() const { return residents.empty() && visitors.empty(); }
};

}  // namespace attune::worker
