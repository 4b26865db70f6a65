#pragma once

#include <functional>

#include "common/config/train.pb.h"
#include "common/data/dataset.h"
#include "common/training_spec.h"
#include "launch/cluster/herald.h"
#include "launch/cluster/node_description.h"
#include "launch/training_job.h"

namespace attune::launch {

/// The work of a node's process: worker threads, and on the scheduler's node the job.
/// @param herald  of the scheduler's node: speaks until the node does; else nullptr
/// @param report  is given the job's result, on the scheduler's node, before the other processes are told to
/// end: a launcher may end all when the first has ended. Returns the exit code
/// @returns the exit code
int RunNodeProcess(const config::TrainSettings& settings, const TrainingSpec& spec,
                   const data::Dataset& dataset, const NodeDescription& description, Herald* herald,
                   const std::function<int(JobResult)>& report);

}  // namespace attune::launch
