#pragma once

#include "common/config/train.pb.h"
#include "launch/training_job.h"

namespace attune::launch {

/// Writes a training's result into its run's directory, and to standard output. Throws when that refuses it,
/// which the run's directory then tells, too.
/// @param json  for a program rather than for people
/// @returns exit code
int ReportTraining(JobResult result, const config::RunSettings& run, bool json);

}  // namespace attune::launch
