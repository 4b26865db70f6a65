#include "common/model/sparse.h"

#include <algorithm>

#include "common/error.h"

namespace attune::model {

SparseMatrix Transposed(const SparseView& matrix, Index columns) {
  SparseMatrix result;
  result.indptr.assign(std::size_t{columns} + 1, 0);
  for (const Index column : matrix.columns) ++result.indptr[column + 1];
  for (std::size_t n = 1; n < result.indptr.size(); ++n) result.indptr[n] += result.indptr[n - 1];
  result.columns.resize(matrix.columns.size());
  std::vector<std::uint64_t> next(result.indptr.begin(), result.indptr.end() - 1);
  for (Index row = 0; row < matrix.rows(); ++row) {
    for (const Index column : matrix.Columns(row)) result.columns[next[column]++] = row;
  }
  return result;
}

void RequireValid(const SparseView& matrix, Index columns, const std::string& where) {
  if (matrix.indptr.empty() || matrix.indptr.front() != 0 || matrix.indptr.back() != matrix.columns.size() ||
      !std::is_sorted(matrix.indptr.begin(), matrix.indptr.end())) {
    ThrowBadInput("{}: offsets that do not rise from 0 to the {} entries there are", where,
                  matrix.columns.size());
  }
  const auto beyond =
      std::find_if(matrix.columns.begin(), matrix.columns.end(), [&](Index c) { return c >= columns; });
  if (beyond != matrix.columns.end()) {
    ThrowBadInput("{}: entry {} is {}, expected less than {}", where, beyond - matrix.columns.begin(),
                  *beyond, columns);
  }
}

}  // namespace attune::model
