#pragma once

#include <cstdint>
#include <span>

#include "common/data/dataset.h"
#include "common/training_spec.h"

namespace attune::worker {

/// How large a batch of a SliceSampler gets, for plans of memory.
struct BatchExtent {
  std::uint64_t triples = 0;
  std::uint64_t visits = 0;
  std::uint64_t entries = 0;    ///< of the histories of all visits together
  std::uint64_t histories = 0;  ///< entries if each user's history counts once, however many visits it has
  std::uint64_t longest = 0;    ///< history of one visit

  friend bool operator==(const BatchExtent&, const BatchExtent&) = default;
};

/// The largest batch to expect of any slice. A slice that makes one batch gives it exactly; otherwise visits
/// come in random order, and what they hold is taken as what so many triples hold on average, four standard
/// deviations and one visit with the longest history more.
BatchExtent LargestBatch(const model::ModelSpec& model, const SamplingSpec& sampling,
                         std::span<const data::Rows> slices);

}  // namespace attune::worker
