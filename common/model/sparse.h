#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "common/types.h"

namespace attune::model {

/// Rows of column indices, with or without a value each (CSR). A view.
struct SparseView {
  std::span<const std::uint64_t> indptr;  ///< [rows+1], starts at 0
  std::span<const Index> columns;         ///< [indptr.back()]
  std::span<const float> values;          ///< likewise, or empty: all ones

  Index rows() const { return static_cast<Index>(indptr.size() - 1); }
  std::span<const Index> Columns(Index row) const {
    return columns.subspan(indptr[row], indptr[row + 1] - indptr[row]);
  }
  std::span<const float> Values(Index row) const {
    return values.subspan(indptr[row], indptr[row + 1] - indptr[row]);
  }
};

/// The same in memory of its own.
struct SparseMatrix {
  std::vector<std::uint64_t> indptr = {0};
  std::vector<Index> columns;
  std::vector<float> values;

  SparseView view() const { return {indptr, columns, values}; }
};

/// Rows become columns; values are left out. Columns of a row ascend. @param columns  of `matrix`
SparseMatrix Transposed(const SparseView& matrix, Index columns);

/// Throws Error(kBadInput) that begins with `where` unless the offsets rise from 0 to the number of columns
/// and every column is below `columns`.
void RequireValid(const SparseView& matrix, Index columns, const std::string& where);

}  // namespace attune::model
