#pragma once

#include <cstddef>
#include <cstdint>

#include "common/table.h"

namespace attune::ps {

/// Owns the records of one table. Rows start as a pure function of (seed, table, row), whatever initialises
/// them. Threads: construction and initialisation confined; then rows are shared by view().
class Table {
 public:
  enum class Id : std::uint32_t { kUsers = 1, kItems = 2 };

  Table() = default;
  /// Reserves zeroed memory in huge pages where the system grants them. Throws Error(kFailed) if there is not
  /// enough.
  Table(Id id, std::size_t rows, const RecordLayout& layout);
  ~Table();
  Table(Table&& other) noexcept;
  Table& operator=(Table&& other) noexcept;

  /// Fills every row with Gaussian numbers of deviation `std` and its optimizer state with the rule's first
  /// value.
  void Initialise(std::uint64_t seed, double std, const optim::OptimizerSpec& optimizer, unsigned threads);

  static std::size_t Bytes(std::size_t rows, const RecordLayout& layout) {
    return rows * layout.floats * sizeof(float);
  }
  TableView view() const { return {data_, rows_, layout_}; }

 private:
  Id id_ = Id::kUsers;
  float* data_ = nullptr;
  std::size_t rows_ = 0;
  RecordLayout layout_;
};

}  // namespace attune::ps
