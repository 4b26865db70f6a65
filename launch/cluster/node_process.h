#pragma once

#include "common/config/train.pb.h"
#include "common/data/dataset.h"
#include "common/training_spec.h"
#include "launch/cluster/node_description.h"
#include "launch/training_job.h"

namespace attune::launch {

/// The work of a node's process: worker threads, and on the scheduler's node the job.
/// @param result  receives the job's result, on the scheduler's node
/// @returns the exit code
int RunNodeProcess(const config::TrainSettings& settings, const TrainingSpec& spec,
                   const data::Dataset& dataset, const NodeDescription& description,
                   std::optional<JobResult>& result);

}  // namespace attune::launch
