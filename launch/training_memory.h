#pragma once

#include <cstdint>
#include <vector>

#include "common/config/train.pb.h"
#include "common/data/dataset.h"
#include "common/run/memory_plan.h"
#include "common/training_spec.h"
#include "worker/evaluator.h"

namespace attune::launch {

/// What the processes of one host are of a job.
struct HostShare {
  unsigned processes = 1;
  unsigned workers = 1;           ///< of these processes, that train
  double users = 1;               ///< share of all users whose rows are there
  std::uint64_t item_rows = 0;    ///< items that have a row there; 0: all
  std::uint64_t copied_rows = 0;  ///< of these, that are compared with other hosts'
  std::uint64_t visitors = 0;     ///< items of other hosts that a batch needs, at most
  unsigned batches_ahead = 1;
  unsigned hosts = 1;     ///< of the job, that compare items
  bool lockstep = false;  ///< with other hosts
  bool job = false;       ///< whether its processes are ranks: watched, and with messages between them
};

/// What a process does in a run.
struct RunShape {
  unsigned threads = 1;
  std::uint32_t epochs = 1;
  bool copies_rows = false;               ///< for checkpoints while it trains
  bool copies_data = false;               ///< validation interactions are trained too
  std::vector<worker::TaskExtent> tasks;  ///< of the splits that are evaluated
};
/// Whether checkpoints are written at times, not only when it is asked for one.
bool WritesCheckpoints(const config::RunSettings& run);

/// Throws as ThreadsOf().
RunShape ShapeOf(const config::RunSettings& run, const data::Dataset& dataset);

/// What a training run takes on a host beyond the program itself and what it maps: DATA's files, which the
/// system may drop and read again. Cluster::PeakMemory() is what it took.
/// @param run  of each process that trains
MemoryPlan PlanTrainingMemory(const TrainingSpec& spec, const data::Dataset& dataset, const RunShape& run,
                              const HostShare& host = {});

}  // namespace attune::launch
