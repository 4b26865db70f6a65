#pragma once

#include <span>
#include <vector>

#include "common/model/model_files.h"
#include "launch/item_subset.h"

namespace attune::launch {

/// What is compared of two items l and j.
enum class SimilarBy {
  kCosine,         ///< cosine of v_l and v_j
  kInnerProduct,   ///< v_l·v_j
  kHistoryCosine,  ///< cosine of p_l and p_j
  kInfluence,      ///< p_l·v_j
};

/// "cosine", "inner_product", "history_cosine", "influence".
const char* Name(SimilarBy by);

/// Items that are like others.
/// Memory: for cosines a copy of the vectors that are compared.
/// Threads: const methods from any thread.
class SimilarItems {
 public:
  /// @param model   whose messages name it; has vectors
  /// @param items   what users' vectors are multiplied with (UserVectors::items()); it and the model must
  ///                outlive this object
  /// @param listed  rows that lists are made of; all if unset
  /// Throws Error(kUsage) for history_cosine and influence if the model has no history.
  SimilarItems(const model::LoadedModel& model, const model::RowsView& items, SimilarBy by,
               const std::optional<std::vector<Index>>& listed);

  /// The k items most like each of `items`, best first, without the item itself; scores are cosines or inner
  /// products. An item whose vector is zero has no cosine: it is in no such list, and its own is empty.
  std::vector<std::vector<worker::ScoredItem>> Find(std::span<const Index> items, std::size_t k) const;

 private:
  std::vector<float> unit_;  ///< rows of length 1, for cosines. [items, D]
  model::RowsView asked_;    ///< what is compared of the given item
  model::RowsView listed_;   ///< with what of the others
  ItemSubset subset_;
};

}  // namespace attune::launch
