#pragma once

#include <cstdint>

#include "common/config/train.pb.h"
#include "common/data/dataset.h"
#include "common/run/memory_plan.h"
#include "common/training_spec.h"

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
};

/// What a process does in a run.
struct RunShape {
  unsigned threads = 1;
  bool copies_data = false;  ///< validation interactions are trained too
  bool evaluates = true;
};
/// Throws as ThreadsOf().
RunShape ShapeOf(const config::RunSettings& run, const data::Dataset& dataset);

/// What a training run takes on a host beyond the program itself and what it maps: DATA's files, which the
/// system may drop and read again.
/// @param run  of each process that trains
MemoryPlan PlanTrainingMemory(const TrainingSpec& spec, const data::Dataset& dataset, const RunShape& run,
                              const HostShare& host = {});

}  // namespace attune::launch
