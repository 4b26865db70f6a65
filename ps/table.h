#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "common/table.h"
#include "ps/mapping.h"

namespace attune::ps {

/// Owns the records of one table. Rows start as a pure function of (seed, table, row), whatever initialises
/// them. Threads: construction and initialisation confined; then rows are shared by view().
class Table {
 public:
  enum class Id : std::uint32_t { kUsers = 1, kItems = 2 };

  Table() = default;
  /// In memory of this process. Throws Error(kFailed) if there is not enough.
  Table(Id id, std::size_t rows, const RecordLayout& layout);
  /// In `memory` of at least Bytes(rows, layout), as it is.
  Table(Id id, std::size_t rows, const RecordLayout& layout, Mapping memory);

  /// Fills rows `first` … `end` - 1 with Gaussian numbers of deviation `std` and their optimizer state with
  /// the rule's first value.
  /// @param names  what each row is a row of, if that is not its number
  void Initialise(Index first, Index end, std::uint64_t seed, double std,
                  const optim::OptimizerSpec& optimizer, unsigned threads, std::span<const Index> names = {});

  /// Has huge pages for the rows where the system can. Before they have their first values it takes less
  /// time: nothing is copied.
  void UseHugePages(unsigned threads) const;

  static std::size_t Bytes(std::size_t rows, const RecordLayout& layout) {
    return rows * layout.floats * sizeof(float);
  }
  TableView view() const { return {reinterpret_cast<float*>(memory_.data()), rows_, layout_}; }

 private:
  Id id_ = Id::kUsers;
  Mapping memory_;
  std::size_t rows_ = 0;
  RecordLayout layout_;
};

}  // namespace attune::ps
