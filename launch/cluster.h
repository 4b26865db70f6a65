#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/training_spec.h"
#include "common/types.h"
#include "common/wire/control.h"
#include "scheduler/coordinator.h"
#include "scheduler/lease_queue.h"
#include "worker/evaluator.h"
#include "worker/worker.h"

namespace attune::launch {

/// What one epoch did.
struct EpochResult {
  scheduler::LeaseReport total;
  double seconds = 0;
  bool complete = false;             ///< false when stopped or paused before its end
  scheduler::SlicesDone done = {};   ///< slices trained so far, with those from before
  bool goes_on = false;              ///< the next epoch has begun: RunEpoch for it is all that may come now
  scheduler::LeaseReport next = {};  ///< what was trained of the next epoch when this one was stopped
};

/// Servers and workers of a job, as the scheduler sees them: in this process, or in many.
/// Threads: methods confined to one thread, but for Stop() and triples_done().
class Cluster {
 public:
  /// Called about ten times a second while something runs; may call Stop().
  using Tick = std::function<void()>;

  virtual ~Cluster() = default;

  /// Trains one epoch with learning rates `factor` times the spec's. Throws Error when the loss is not
  /// finite: kBadInput if the features are not, else kFailed, naming what to change.
  /// @param done  what of the epoch was trained before
  /// @param following  factors of the epochs that follow this one without anything between: workers may begin
  /// each of them when nothing is left for them to begin of the one before
  virtual EpochResult RunEpoch(std::uint32_t epoch, double factor, const Tick& tick,
                               const scheduler::SlicesDone& done = {},
                               const std::vector<double>& following = {}) = 0;

  /// Makes the epoch end when what threads have begun is trained, or, if some of the next was begun, when it
  /// is complete: then that one ends so. From its tick.
  virtual void Pause() = 0;

  /// Copies everything that training changes aside, and has it written to parts of a checkpoint while
  /// training goes on. Rows must be at rest. @param directory  that all processes see, ready for parts
  virtual void BeginSnapshot(const std::filesystem::path& directory, std::uint32_t number) = 0;
  /// How far the newest is.
  struct SnapshotState {
    bool ended = false;
    std::string failure;                 ///< empty if all of it is on disk
    std::vector<std::uint32_t> writers;  ///< of its parts
  };
  virtual SnapshotState Snapshot(std::uint32_t number) = 0;

  /// Of rows, in numbers: what a checkpoint says of its records.
  struct RecordFloats {
    std::size_t users = 0;  ///< 0 if the variant has no U
    std::size_t items = 0;
  };
  virtual RecordFloats Records() const = 0;

  /// Trains the given triples once, in order, on one thread.
  virtual EpochResult RunTriples(std::span<const Triple> triples, const Tick& tick) = 0;

  /// Brings rows to rest after epochs: the same everywhere. To be called before Evaluate, WriteModel and
  /// Counters. @returns seconds that it took
  virtual double Rest() { return 0; }

  /// Ranks of the task's targets, by all workers; ends early when the process is told to stop.
  /// @param split  whose task it is
  virtual worker::EvaluationResult Evaluate(const worker::EvaluationTask& task, data::Split split) = 0;

  /// Writes U, V, P and Θ as they stand into a directory of a model.
  virtual void WriteModel(const std::filesystem::path& directory) = 0;

  /// Makes what runs end after the current batches. Async-signal-safe.
  virtual void Stop() = 0;
  virtual bool stopped() const = 0;

  /// What all processes have sent and taken so far, when rows came to rest last; nothing where there is one
  /// process, or rows are not at rest.
  virtual std::optional<wire::NodeCounters> Counters() const { return std::nullopt; }

  /// What the processes have taken beyond the program and the mapped data set: the anonymous memory of each
  /// at its peak, and the tables that processes of a host share, once a host. The plan of memory
  /// (PlanTrainingMemory) is of the same. Rows must be at rest.
  virtual std::uint64_t PeakMemory() = 0;

  /// What has changed among the processes; nothing where there is one process.
  virtual std::optional<scheduler::Changes> Changes() const { return std::nullopt; }

  /// Threads that train.
  virtual std::uint64_t Workers() const = 0;
  /// All processes, and what they do now. From a tick, or while nothing runs.
  virtual scheduler::Survey LookAround() = 0;
  /// Who joined, left or died since this was last asked for, for people.
  virtual std::vector<std::string> TakeNews() { return {}; }
  /// To be called now and then, too, while something runs that is given no tick.
  virtual void SetOtherTick(Tick tick) = 0;

  /// Triples trained since the start, as far as is known here.
  virtual std::uint64_t triples_done() const = 0;
};

/// What the scheduler is told of a lease.
scheduler::LeaseReport ReportOf(const worker::LeaseOutcome& outcome, const TrainingSpec& spec);

/// Throws Error if the sum of the epoch's loss is not finite, saying what to change.
void ThrowIfDiverged(const scheduler::LeaseReport& total, const TrainingSpec& spec,
                     const data::ContentView& content, std::uint32_t epoch);

/// Aborts unless every positive was trained once, or has no negative.
void CheckEveryPositiveOnce(const scheduler::LeaseReport& total, const TrainingSpec& spec,
                            std::uint64_t interactions);

}  // namespace attune::launch
