#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "common/data/training_data.h"
#include "common/training_spec.h"
#include "ps/table.h"
#include "ps/theta_store.h"
#include "scheduler/lease_queue.h"
#include "worker/negative_sampler.h"
#include "worker/worker.h"

namespace attune::launch {

/// What one epoch did.
struct EpochResult {
  scheduler::LeaseReport total;
  double seconds = 0;
  bool complete = false;  ///< false when stopped before its end
};

/// Server, workers and scheduler of a job in one process: worker threads write the server's rows in place.
/// Threads: methods confined to one thread, but for Stop() and triples_done().
class EmbeddedCluster {
 public:
  /// Allocates and initialises the tables.
  /// @param data     must outlive the cluster
  /// @param threads  worker threads, 1 or more
  /// @param content  of the items; needed by variants with content; must outlive the cluster
  EmbeddedCluster(const TrainingSpec& spec, const data::TrainingData& data, Index num_users, Index num_items,
                  unsigned threads, const data::ContentView& content = {});

  /// Trains one epoch with learning rates `factor` times the spec's. While the workers run, `tick` is called
  /// on the caller's thread about ten times a second; it may call Stop(). Throws Error when the loss is not
  /// finite: kBadInput if the features are not, else kFailed, naming what to change.
  EpochResult RunEpoch(std::uint32_t epoch, double factor, const std::function<void()>& tick = {});

  /// Trains the given triples once, in order, on one thread.
  EpochResult RunTriples(std::span<const Triple> triples, const std::function<void()>& tick = {});

  /// Makes the running epoch end after the current batches. Async-signal-safe.
  void Stop() { stop_.store(true, std::memory_order_relaxed); }
  bool stopped() const { return stop_.load(std::memory_order_relaxed); }

  /// Triples trained since construction.
  std::uint64_t triples_done() const;

  Tables tables() const { return {users_.view(), items_.view()}; }
  ps::ThetaStore& theta() { return theta_; }
  /// The model as it stands; no worker may run while it is read. Θ is copied into `theta`.
  model::ModelView View(model::Theta& theta);

  /// Bytes that the tables of a cluster take.
  static std::uint64_t TableBytes(const TrainingSpec& spec, Index num_users, Index num_items);

 private:
  void RunLeases(unsigned thread, scheduler::LeaseQueue& queue, std::uint32_t epoch,
                 const worker::EpochRates& rates);
  void FoldOverdue(const worker::EpochRates& rates);
  void ThrowIfDiverged(double loss, std::uint32_t epoch) const;
  void CheckEveryPositiveOnce(const scheduler::LeaseReport& total) const;

  const TrainingSpec spec_;
  const data::TrainingData& data_;
  ps::Table users_;
  ps::Table items_;
  ps::ThetaStore theta_;
  worker::NegativeSampler negatives_;
  worker::SharedContent content_;
  std::vector<std::unique_ptr<worker::Progress>> progress_;
  std::vector<std::unique_ptr<worker::Worker>> workers_;
  std::atomic<bool> stop_{false};
};

}  // namespace attune::launch
