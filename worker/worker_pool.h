#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "common/data/training_data.h"
#include "common/table.h"
#include "common/theta_service.h"
#include "common/training_spec.h"
#include "worker/negative_sampler.h"
#include "worker/shared_content.h"
#include "worker/worker.h"

namespace attune::worker {

/// The worker threads of a process with what they share: negative sampler, projections of the content.
/// Threads: Train(thread, …) by that thread alone, the others see their own remark.
class WorkerPool {
 public:
  /// References must outlive the pool.
  /// @param threads  worker threads, 1 or more
  /// @param content  of the items; needed by variants with content
  WorkerPool(const TrainingSpec& spec, const data::TrainingData& data, const Tables& tables,
             ThetaService& theta, unsigned threads, const data::ContentView& content);

  /// Some rows are elsewhere, and brought for each batch.
  /// @param ahead        batches of a worker under way at once
  /// @param first_row    of the table, for visitors
  /// @param rows         of each batch
  void SetTail(const ItemPlaces& places, RemoteRows& remote, unsigned ahead, Index first_row, Index rows);
  /// Batches of leases wait at a gate. @param first_seat  of worker 0; the others follow
  void SetGate(StalenessGate& gate, std::size_t first_seat);

  /// Outcomes of slices say how many triples of each user were trained.
  void CountUsers() { counts_users_ = true; }

  unsigned threads() const { return static_cast<unsigned>(workers_.size()); }
  const data::ContentView& content() const { return content_.view(); }

  /// Trains a slice, as worker `thread`, whose clock counts from `clock_base` if there is a gate. Ends after
  /// a batch when `stop` becomes true or the loss is not finite.
  LeaseOutcome Train(unsigned thread, std::uint32_t slice, std::uint32_t epoch, const EpochRates& rates,
                     const std::atomic<bool>& stop, std::uint64_t clock_base = 0);
  /// Trains the given triples in order, as worker 0.
  LeaseOutcome TrainTriples(std::span<const Triple> triples, const EpochRates& rates,
                            const std::atomic<bool>& stop);

  /// Gradients that wait in the projection cache longer than its period reach Θ at the end of an epoch.
  /// No thread may train meanwhile.
  void FoldOverdue(const EpochRates& rates);

  /// Triples trained since construction. From any thread.
  std::uint64_t triples_done() const;

 private:
  LeaseOutcome RunAtGate(unsigned thread, VisitSource& source, const EpochRates& rates,
                         const std::atomic<bool>& stop, std::uint64_t clock_base);

  const TrainingSpec spec_;
  const data::TrainingData& data_;
  StalenessGate* gate_ = nullptr;
  std::size_t first_seat_ = 0;
  bool counts_users_ = false;
  NegativeSampler negatives_;
  SharedContent content_;
  std::vector<std::unique_ptr<Progress>> progress_;
  std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace attune::worker
