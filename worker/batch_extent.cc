#include "worker/batch_extent.h"

#include <algorithm>
#include <tuple>
#include <utility>
#include <vector>

#include "common/thread.h"
#include "worker/visit_order.h"

namespace attune::worker {
namespace {

/// Visits that are looked at, but for those of the first epoch: all of these are.
constexpr std::uint64_t kVisitsLookedAt = 2'000'000;

/// Visits of an epoch; of bootstrap sampling also draws, which take as long.
std::uint64_t VisitsOf(const SamplingSpec& sampling, std::span<const data::Rows> slices) {
  std::uint64_t visits = 0;
  for (const data::Rows& rows : slices) {
    if (sampling.sampling == Sampling::kBootstrap) visits += rows.items.size();
    for (Index user = 0; user < rows.users(); ++user) {
      visits += (rows[user].size() + sampling.positives_per_visit() - 1) / sampling.positives_per_visit();
    }
  }
  return visits;
}

void Widen(BatchExtent& largest, const BatchExtent& other) {
  largest.triples = std::max(largest.triples, other.triples);
  largest.visits = std::max(largest.visits, other.visits);
  largest.entries = std::max(largest.entries, other.entries);
  largest.histories = std::max(largest.histories, other.histories);
  largest.longest = std::max(largest.longest, other.longest);
  largest.items = std::max(largest.items, other.items);
}

/// The batches of one slice, by their extents.
class SliceExtents {
 public:
  SliceExtents(const model::ModelSpec& model, const SamplingSpec& sampling, const data::Rows& rows)
      : model_(model), sampling_(sampling), rows_(rows), positives_(rows.indptr), batch_of_(rows.users()) {}

  void Look(std::uint32_t slice, std::uint32_t epoch) {
    if (sampling_.sampling == Sampling::kBootstrap) {
      drawn_ = DrawBootstrap(rows_, sampling_.seed, slice, epoch);
      positives_ = drawn_.indptr;
    }
    std::vector<VisitPlan> plans =
        PlanVisits(rows_.users(), sampling_.positives_per_visit(),
                   [&](Index offset) { return static_cast<std::uint32_t>(PositivesOf(offset)); });
    ShuffleVisits(plans, sampling_.seed, slice, epoch);
    for (const VisitPlan& plan : plans) {
      Add(plan);
      if (batch_.triples >= sampling_.batch_triples) EndBatch();
    }
    EndBatch();
  }
  BatchExtent Largest() const {
    BatchExtent largest = largest_;
    largest.items = model_.max_history > 0 ? largest.histories : DistinctItems();
    return largest;
  }

 private:
  std::uint64_t PositivesOf(Index offset) const { return positives_[offset + 1] - positives_[offset]; }

  void Add(const VisitPlan& plan) {
    const std::uint64_t positives = PositivesOf(plan.offset);
    const std::uint64_t first = std::uint64_t{plan.chunk} * sampling_.positives_per_visit();
    const std::uint64_t count = std::min<std::uint64_t>(positives - first, sampling_.positives_per_visit());
    batch_.triples += count * sampling_.negatives_per_positive;
    ++batch_.visits;
    if (!model_.HasHistory()) return;
    const bool sampled = model_.max_history > 0;
    const std::uint64_t all = rows_[plan.offset].size();
    const std::uint64_t history = sampled ? std::min<std::uint64_t>(all, model_.max_history) : all;
    batch_.entries += history;
    batch_.longest = std::max(batch_.longest, history);
    // With max_history each visit has a sample of its own.
    if (!sampled && std::exchange(batch_of_[plan.offset], batch_number_) == batch_number_) return;
    batch_.histories += history;
    if (!sampled) users_.push_back(plan.offset);
  }
  void EndBatch() {
    if (batch_.histories > largest_.histories) users_of_most_ = users_;
    Widen(largest_, batch_);
    batch_ = {};
    users_.clear();
    ++batch_number_;
  }
  std::uint64_t DistinctItems() const {
    std::vector<Index> items;
    items.reserve(largest_.histories);
    for (const Index offset : users_of_most_) {
      items.insert(items.end(), rows_[offset].begin(), rows_[offset].end());
    }
    std::sort(items.begin(), items.end());
    return static_cast<std::uint64_t>(std::unique(items.begin(), items.end()) - items.begin());
  }

  const model::ModelSpec& model_;
  const SamplingSpec& sampling_;
  const data::Rows& rows_;
  BootstrapDraws drawn_;                      ///< of the epoch, of bootstrap sampling alone
  std::span<const std::uint64_t> positives_;  ///< where each user's begin, and the end
  BatchExtent batch_, largest_;
  std::uint32_t batch_number_ = 1;
  std::vector<std::uint32_t> batch_of_;  ///< in which each user has come last
  std::vector<Index> users_;             ///< of the batch
  std::vector<Index> users_of_most_;     ///< of the batch with the most histories so far
};

}  // namespace

std::vector<BatchExtent> LargestBatches(const model::ModelSpec& model, const SamplingSpec& sampling,
                                        std::span<const data::Rows> slices, std::uint32_t epochs,
                                        unsigned threads) {
  const std::uint64_t visits = std::max<std::uint64_t>(1, VisitsOf(sampling, slices));
  const std::uint64_t looked_at =
      std::max<std::uint64_t>(1, std::min<std::uint64_t>(epochs, kVisitsLookedAt / visits));
  std::vector<BatchExtent> largest(slices.size());
  ParallelFor(threads, slices.size(), "batches", [&](unsigned, std::size_t slice) {
    SliceExtents extents(model, sampling, slices[slice]);
    for (std::uint32_t epoch = 1; epoch <= looked_at; ++epoch)
      extents.Look(static_cast<std::uint32_t>(slice), epoch);
    largest[slice] = extents.Largest();
  });
  std::stable_sort(largest.begin(), largest.end(), [](const BatchExtent& a, const BatchExtent& b) {
    return std::tie(a.entries, a.triples, a.visits) > std::tie(b.entries, b.triples, b.visits);
  });
  return largest;
}

BatchExtent LargestOf(std::span<const BatchExtent> extents) {
  BatchExtent largest;
  for (const BatchExtent& extent : extents) Widen(largest, extent);
  return largest;
}

}  // namespace attune::worker
