#pragma once

#include <vector>

#include "worker/lease_outcome.h"
#include "worker/slice_sampler.h"

namespace attune::worker {

/// Notes the user and the triples of each visit that passes. Threads: confined.
class CountingSource : public VisitSource {
 public:
  /// The other source must outlive it.
  explicit CountingSource(VisitSource& source) : source_(source) {}

  bool Fill(Batch& batch) override {
    if (!source_.Fill(batch)) return false;
    for (const Visit& visit : batch.visits) counts_.push_back({visit.user, visit.count});
    return true;
  }

  const std::vector<UserTriples>& counts() const { return counts_; }

 private:
  VisitSource& source_;
  std::vector<UserTriples> counts_;
};

}  // namespace attune::worker
