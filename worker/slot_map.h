#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <vector>

#include "common/error.h"
#include "common/types.h"

namespace attune::worker {

/// Numbers the distinct rows of a batch 0, 1, 2, … in order of first use. Memory is bounded by the batch, not
/// by the table. Threads: confined.
class SlotMap {
 public:
  /// Forgets all rows; room for so many others.
  void Reset(std::size_t rows) {
    const std::size_t size = Size(rows);
    if (size > table_.size()) table_.resize(size);
    mask_ = size - 1;
    shift_ = 64 - static_cast<unsigned>(std::bit_width(mask_));
    std::fill_n(table_.begin(), size, Entry{kNoIndex, 0});
    rows_.clear();
  }

  /// Of a map with room for so many rows, but for the rows that come.
  static std::uint64_t Bytes(std::uint64_t rows) { return Size(rows) * sizeof(Entry); }

  /// Slot of `row`, a new one if it was not seen before.
  std::uint32_t Add(Index row) {
    for (std::size_t at = row * 0x9e3779b97f4a7c15ull >> shift_;; at = (at + 1) & mask_) {
      Entry& entry = table_[at];
      if (entry.row == row) return entry.slot;
      if (entry.row == kNoIndex) {
        ATTUNE_CHECK(rows_.size() < mask_);  // else the search for another would not end
        entry = {row, static_cast<std::uint32_t>(rows_.size())};
        rows_.push_back(row);
        return entry.slot;
      }
    }
  }

  const std::vector<Index>& rows() const { return rows_; }  ///< by slot

 private:
  struct Entry {
    Index row;
    std::uint32_t slot;
  };
  static std::uint64_t Size(std::uint64_t rows) {
    return std::bit_ceil(std::max<std::uint64_t>(16, 2 * rows));
  }

  std::vector<Entry> table_;
  std::vector<Index> rows_;
  std::size_t mask_ = 0;
  unsigned shift_ = 0;
};

}  // namespace attune::worker
