#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "common/types.h"
#include "worker/row_names.h"

namespace attune::worker {

/// One user's turn: attention once, then the triples [first, first + count) of the batch.
struct Visit {
  Index user;
  std::uint32_t first;
  std::uint32_t count;
  std::span<const Index> history;  ///< R(i), or the sample of it that this visit uses
};

/// Visits between two updates of Θ, with their triples drawn.
struct Batch {
  std::vector<Visit> visits;
  std::vector<Index> positives;   ///< [triples]
  std::vector<Index> negatives;   ///< [triples]
  RowNames names;                 ///< where histories, positives and negatives are rows, not items
  std::uint64_t untrainable = 0;  ///< positives passed over because the user has seen every item

  std::uint32_t triples() const { return static_cast<std::uint32_t>(positives.size()); }
  void Clear() {
    visits.clear();
    positives.clear();
    negatives.clear();
    sampled_histories.clear();
    names = {};
    untrainable = 0;
  }

  /// Storage of sampled histories; a deque-like list of lists, so that spans into it stay valid.
  std::vector<std::vector<Index>> sampled_histories;
};

/// Yields batches until its work is done. Threads: confined.
class VisitSource {
 public:
  virtual ~VisitSource() = default;
  /// Replaces `batch` by the next one; false when there is none left.
  virtual bool Fill(Batch& batch) = 0;
};

}  // namespace attune::worker
