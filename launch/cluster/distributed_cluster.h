#pragma once

#include <atomic>
#include <chrono>
#include <utility>

#include "common/data/training_data.h"
#include "launch/cluster.h"
#include "launch/cluster/node.h"
#include "launch/cluster/scheduler_service.h"

namespace attune::launch {

/// The nodes of a job, seen from the scheduler's. Rows are read from the memory of its host,
/// to which those of other hosts are brought first.
class DistributedCluster : public Cluster {
 public:
  /// References must outlive the cluster.
  /// @param node  the scheduler's own
  DistributedCluster(SchedulerService& scheduler, const NodeParts& parts, Node& node)
      : scheduler_(scheduler), parts_(parts), node_(node) {}

  EpochResult RunEpoch(std::uint32_t epoch, double factor, const Tick& tick,
                       const scheduler::SlicesDone& done = {},
                       const std::vector<double>& following = {}) override;
  void Pause() override { scheduler_.Pause(); }
  void BeginSnapshot(const std::filesystem::path& directory, std::uint32_t number) override;
  SnapshotState Snapshot(std::uint32_t number) override;
  RecordFloats Records() const override;
  EpochResult RunTriples(std::span<const Triple> triples, const Tick& tick) override;
  double Rest() override;
  worker::EvaluationResult Evaluate(const worker::EvaluationTask& task, data::Split split) override;
  void WriteModel(const std::filesystem::path& directory) override;

  void Stop() override { stop_.store(true, std::memory_order_relaxed); }
  bool stopped() const override { return stop_.load(std::memory_order_relaxed); }
  std::optional<wire::NodeCounters> Counters() const override {
    return at_rest_ ? std::optional(scheduler_.Counters()) : std::nullopt;
  }
  std::uint64_t PeakMemory() override;
  std::uint64_t Workers() const override;
  std::optional<scheduler::Changes> Changes() const override { return scheduler_.changes(); }
  scheduler::Survey LookAround() override { return scheduler_.LookAround(std::chrono::steady_clock::now()); }
  std::vector<std::string> TakeNews() override { return scheduler_.TakeNews(); }
  void SetOtherTick(Tick tick) override { other_tick_ = std::move(tick); }
  std::uint64_t triples_done() const override;

 private:
  bool EpochsOverlap() const;
  void FetchUsers();
  void Gather();

  SchedulerService& scheduler_;
  const NodeParts& parts_;
  Node& node_;
  std::uint64_t triples_before_ = 0;               ///< of earlier epochs
  std::uint64_t triples_of_done_ = 0;              ///< of the epoch, trained before it began here
  std::uint32_t epoch_ = 0;                        ///< that runs; 0 if none does
  bool goes_on_ = false;                           ///< the next epoch has begun
  std::chrono::steady_clock::time_point ended_{};  ///< when the last epoch did
  bool at_rest_ = true;                            ///< whether rows are the same everywhere
  bool gathered_ = false;                          ///< whether hosts have V and P as they are now
  Tick other_tick_;
  std::atomic<bool> stop_{false};
};

}  // namespace attune::launch
