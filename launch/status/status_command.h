#pragma once

#include "common/config/query.pb.h"
#include "launch/command.h"

namespace attune::launch {

/// Says how far a run is, or how it ended, by the files of its directory; or writes the page of it. Returns
/// 0. Throws Error.
int RunStatus(const config::StatusSettings& settings, const CommandContext& context);

}  // namespace attune::launch
