#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "common/data/dataset.h"

namespace attune::data {

/// The interactions a run trains on, by slice: a data set's training part, or that with the validation
/// interactions added to the end of their users' histories (then held in memory). Threads: const methods from
/// any thread. Refers to the data set, which must outlive it.
class TrainingData {
 public:
  explicit TrainingData(const Dataset& dataset);
  TrainingData(const Dataset& dataset, const HeldOut& added);
  TrainingData(const TrainingData&) = delete;
  TrainingData& operator=(const TrainingData&) = delete;

  std::span<const Rows> slices() const { return slices_; }
  std::uint64_t num_interactions() const { return num_interactions_; }
  /// Training count of every item. [items]
  const std::vector<std::uint32_t>& item_counts() const { return item_counts_; }
  /// Bytes of interactions when all are in memory.
  std::uint64_t bytes() const;

 private:
  struct Owned {
    std::vector<std::uint64_t> indptr;
    std::vector<Index> items;
  };
  void Count(Index num_items);

  std::vector<Owned> owned_;
  std::vector<Rows> slices_;
  std::uint64_t num_interactions_ = 0;
  std::vector<std::uint32_t> item_counts_;
};

/// Items by their counts, the most frequent first; equal ones by index. @param counts  of every item
std::vector<Index> ByPopularity(std::span<const std::uint32_t> counts);

}  // namespace attune::data
