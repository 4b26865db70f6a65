#pragma once

#include "common/config/query.pb.h"
#include "launch/command.h"

namespace attune::launch {

/// `attune inspect`: says what a data set or model holds and verifies every checksum and value. Returns 0, or
/// 3 when something is wrong with it. Throws Error when the directory cannot be read at all.
int RunInspect(const config::InspectSettings& settings, const CommandContext& context);

}  // namespace attune::launch
