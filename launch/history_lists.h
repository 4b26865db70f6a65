#pragma once

#include <span>
#include <vector>

#include "common/model/user_vectors.h"
#include "launch/item_subset.h"

namespace attune::launch {

/// A user as the model sees one.
struct HistoryQuery {
  Index user = kNoIndex;           ///< row of U; kNoIndex for somebody the model never saw: u_i = 0
  std::span<const Index> history;  ///< rows of V, without duplicates
};

/// Whether the model has anything of the user to go by; else u' is zero, and all scores are equal.
inline bool HasVector(const model::ModelSpec& spec, const HistoryQuery& query) {
  return (spec.HasHistory() && !query.history.empty()) || (query.user != kNoIndex && spec.user_vector);
}

/// Best items of users who are given by their histories.
/// Threads: const methods from any thread.
class HistoryLists {
 public:
  /// @param view  its rows must outlive this object
  HistoryLists(const model::ModelView& view, unsigned threads) : view_(view), vectors_(view_, threads) {}

  /// The k best items of each query. @param exclude_seen  whether those of the history are left out
  /// @param subset  of items()
  std::vector<std::vector<worker::ScoredItem>> Best(std::span<const HistoryQuery> queries, std::size_t k,
                                                    bool exclude_seen, const ItemSubset& subset) const;

  /// Scores of given items. @param scores  [which.size()]
  void Score(const HistoryQuery& query, std::span<const Index> which, std::span<float> scores) const;

  const model::ModelView& view() const { return view_; }
  const model::UserVectors& vectors() const { return vectors_; }
  /// What users' vectors are multiplied with, [items, D]: V, and what content adds to it.
  const model::RowsView& items() const { return vectors_.items(); }

 private:
  const model::ModelView view_;
  const model::UserVectors vectors_;
};

}  // namespace attune::launch
