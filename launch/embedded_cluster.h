#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <utility>

#include "common/data/training_data.h"
#include "common/training_spec.h"
#include "launch/checkpoint/snapshot_writer.h"
#include "launch/cluster.h"
#include "launch/cluster/task_threads.h"
#include "launch/process_memory.h"
#include "launch/triple_audit.h"
#include "ps/model_store.h"
#include "scheduler/lease_queue.h"
#include "worker/worker_pool.h"

namespace attune::launch {

/// Server, workers and scheduler of a job in one process: worker threads write the server's rows in place.
/// Threads: methods confined to one thread, but for Stop() and triples_done().
class EmbeddedCluster : public Cluster {
 public:
  /// Allocates and initialises the tables.
  /// @param data     must outlive the cluster
  /// @param threads  worker threads, 1 or more
  /// @param content  of the items; needed by variants with content; must outlive the cluster
  /// @param board    on which its threads are; nullptr for none
  EmbeddedCluster(const TrainingSpec& spec, const data::TrainingData& data, Index num_users, Index num_items,
                  unsigned threads, const data::ContentView& content = {},
                  std::shared_ptr<ThreadBoard> board = nullptr);

  /// One epoch after the other, whatever follows.
  EpochResult RunEpoch(std::uint32_t epoch, double factor, const Tick& tick = {},
                       const scheduler::SlicesDone& done = {},
                       const std::vector<double>& following = {}) override;
  void Pause() override;
  void BeginSnapshot(const std::filesystem::path& directory, std::uint32_t number) override;
  SnapshotState Snapshot(std::uint32_t number) override;
  RecordFloats Records() const override;
  EpochResult RunTriples(std::span<const Triple> triples, const Tick& tick = {}) override;
  worker::EvaluationResult Evaluate(const worker::EvaluationTask& task, data::Split split) override;
  void WriteModel(const std::filesystem::path& directory) override;

  void Stop() override { stop_.store(true, std::memory_order_relaxed); }
  bool stopped() const override { return stop_.load(std::memory_order_relaxed); }
  std::uint64_t PeakMemory() override;
  std::uint64_t Workers() const override { return pool_.threads(); }
  scheduler::Survey LookAround() override;
  void SetOtherTick(Tick tick) override { other_tick_ = std::move(tick); }
  std::uint64_t triples_done() const override { return pool_.triples_done(); }

  /// All rows, as a checkpoint has them.
  PartPlan PlanPart() const;
  /// Checkpoints are to come: see SnapshotWriter::Expect().
  void ExpectSnapshots() { snapshot_.Expect(store_, PlanPart()); }

  /// What is trained is recorded. @param audit  may be nullptr; must outlive the cluster
  void SetAudit(TripleAudit* audit);

  ps::ModelStore& store() { return store_; }
  Tables tables() const { return store_.tables(); }

 private:
  class EpochUnderWay;

  void RunLeases(unsigned thread, scheduler::LeaseQueue& queue, std::uint32_t epoch,
                 const worker::EpochRates& rates);

  const TrainingSpec spec_;
  const data::TrainingData& data_;
  const std::shared_ptr<ThreadBoard> board_;
  ps::ModelStore store_;
  worker::WorkerPool pool_;
  TripleAudit* audit_ = nullptr;
  MemoryPeak peak_;
  Tick other_tick_;
  std::atomic<bool> stop_{false};
  scheduler::LeaseQueue* queue_ = nullptr;  ///< of the epoch that runs
  std::uint32_t epoch_ = 0;                 ///< that runs; 0 if none does
  SnapshotWriter snapshot_;
  /// The same for all epochs: where epochs are short, threads that are new in each of them would spend a good
  /// part of it together on one processor, until the system moves one. Last: they use the others.
  TaskThreads threads_;
};

}  // namespace attune::launch
