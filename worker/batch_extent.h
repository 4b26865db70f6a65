#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "common/data/dataset.h"
#include "common/training_spec.h"

namespace attune::worker {

/// How large batches of a SliceSampler get, each in its own way, for plans of memory.
struct BatchExtent {
  std::uint64_t triples = 0;
  std::uint64_t visits = 0;
  std::uint64_t entries = 0;    ///< of the histories of all visits together
  std::uint64_t histories = 0;  ///< entries if each user's history counts once, however many visits it has
  std::uint64_t longest = 0;    ///< history of one visit
  /// Distinct items of the histories of the batch that has most of them; of histories that are sampled
  /// (max_history) their number as if none were alike.
  std::uint64_t items = 0;

  friend bool operator==(const BatchExtent&, const BatchExtent&) = default;
};

/// The largest batches of each slice in so many epochs, the slice with the most entries (then triples, then
/// visits) first. Of the first of the epochs, as many as a few million visits allow, batches are made as a
/// SliceSampler makes them, without their triples: what they hold is exact, but for users who have all items,
/// of whom nothing is trained. What batches of later epochs exceed them by is little.
std::vector<BatchExtent> LargestBatches(const model::ModelSpec& model, const SamplingSpec& sampling,
                                        std::span<const data::Rows> slices, std::uint32_t epochs,
                                        unsigned threads = 1);

/// What none of them exceeds.
BatchExtent LargestOf(std::span<const BatchExtent> extents);

}  // namespace attune::worker
