#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "common/sync/placement.h"
#include "common/table.h"

namespace attune::sync {

/// Rows that every host has, of one owner: the same list on the owner and on those who replicate them.
/// Messages name rows by their items. Threads: value.
class ReplicatedRows {
 public:
  /// Number of each item among the replicated ones of its owner; items that are not replicated have kNoIndex.
  using Numbers = std::shared_ptr<const std::vector<std::uint32_t>>;

  /// @param table    of this host; records are whole vectors
  /// @param items    hottest first
  /// @param numbers  for which numbers[items[n]] = n; may be shared with lists of other owners
  ReplicatedRows(const TableView& table, const Placement& placement, std::vector<Index> items,
                 Numbers numbers)
      : table_(table), items_(std::move(items)), numbers_(std::move(numbers)) {
    rows_.reserve(items_.size());
    for (const Index item : items_) rows_.push_back(placement.RowOf(item));
  }
  /// All of them, of a host that has every item.
  ReplicatedRows(const TableView& table, std::vector<Index> items);

  std::size_t size() const { return items_.size(); }
  std::size_t width() const { return table_.layout.floats; }
  const RecordLayout& layout() const { return table_.layout; }
  Index item(std::size_t n) const { return items_[n]; }
  float* record(std::size_t n) const { return table_.First(rows_[n]); }

  /// Number of an item; size() if it is none of these, also if there is no such item.
  std::size_t NumberOf(Index item) const {
    if (item >= numbers_->size()) return size();
    const std::size_t n = (*numbers_)[item];
    return n < size() && items_[n] == item ? n : size();
  }

  static Numbers Number(Index items, const std::vector<std::vector<Index>>& lists) {
    std::vector<std::uint32_t> numbers(items, kNoIndex);
    for (const auto& list : lists) {
      for (std::size_t n = 0; n < list.size(); ++n) numbers[list[n]] = static_cast<std::uint32_t>(n);
    }
    return std::make_shared<const std::vector<std::uint32_t>>(std::move(numbers));
  }

 private:
  TableView table_;
  std::vector<Index> items_;
  std::vector<Index> rows_;  ///< of the table
  Numbers numbers_;
};

inline ReplicatedRows::ReplicatedRows(const TableView& table, std::vector<Index> items)
    : ReplicatedRows(table, Placement(static_cast<Index>(table.rows)), items,
                     Number(static_cast<Index>(table.rows), {items})) {}

}  // namespace attune::sync
