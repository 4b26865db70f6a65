#pragma once

#include "common/config/scale.pb.h"
#include "launch/command.h"

namespace attune::launch {

/// Measures how training scales over threads, processes and hosts. Returns 0, or 4 if it was interrupted.
/// Throws Error.
int RunScale(const config::ScaleSettings& settings, const CommandContext& context);

}  // namespace attune::launch
