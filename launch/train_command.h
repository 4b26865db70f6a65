#pragma once

#include "common/config/train.pb.h"
#include "launch/command.h"

namespace attune::launch {

/// `attune train`: the main job, in this process. Returns the exit code: 0, or 4 when a signal ended it with
/// the model saved. Throws Error.
int RunTrain(const config::TrainSettings& settings, const CommandContext& context);

}  // namespace attune::launch
