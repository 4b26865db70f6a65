#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "common/model/sparse.h"

namespace attune::model {

/// How neighbours are chosen.
struct NeighbourSpec {
  std::uint32_t neighbours = 0;  ///< most similar sets that are kept; 0 is all that have something in common
  double shrinkage = 0;          ///< added to the divisor of the cosine: small overlaps count less

  bool operator==(const NeighbourSpec&) const = default;
};

struct Neighbour {
  Index row;
  float similarity;
};

/// Finds, among the rows of a binary matrix, those most similar to a set S of its columns:
///   s(S, r) = |S ∩ r| / (sqrt(|S| |r|) + shrinkage)
/// the cosine of binary vectors when shrinkage is 0. Cost: the entries of the columns in S.
/// Threads: const methods from any thread, each with scratch of a count a row.
class NeighbourSearch {
 public:
  /// @param rows_of_column  rows that have each column, [columns, rows]; must outlive this object
  /// @param rows            of the matrix
  NeighbourSearch(const SparseView& rows_of_column, Index rows, const NeighbourSpec& spec);

  /// Best first, equal ones by index; rows that have nothing in common with S never.
  /// @param columns  S, without duplicates
  /// @param self     a row that is left out, or kNoIndex
  std::vector<Neighbour> Find(std::span<const Index> columns, Index self) const;

 private:
  const SparseView rows_of_column_;
  const NeighbourSpec spec_;
  std::vector<std::uint32_t> sizes_;  ///< of the rows
};

/// The neighbours of every item, by the users that items have in common: row l holds the most similar items
/// and their similarities, best first.
/// @param histories  items of each user, [users, items]
SparseMatrix ItemNeighbours(const SparseView& histories, Index items, const NeighbourSpec& spec,
                            unsigned threads);

}  // namespace attune::model
