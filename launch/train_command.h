#pragma once

#include "common/config/role.pb.h"
#include "common/config/train.pb.h"
#include "launch/command.h"

namespace attune::launch {

/// `attune train`: the main job, in this process or, started by a launcher of several, as one of its ranks.
/// Returns the exit code: 0, or 4 when a signal ended it with the model saved. Throws Error.
int RunTrain(const config::TrainSettings& settings, const CommandContext& context);

/// `attune scheduler`, `attune server`, `attune worker`: the same job from processes with one role each;
/// servers and workers have the scheduler's settings.
int RunScheduler(const config::TrainSettings& settings, const CommandContext& context);
int RunServer(const config::RoleSettings& settings, const CommandContext& context);
int RunWorker(const config::RoleSettings& settings, const CommandContext& context);

}  // namespace attune::launch
