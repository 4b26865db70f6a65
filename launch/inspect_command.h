#pragma once

#include "common/config/query.pb.h"
#include "launch/command.h"

namespace attune::launch {

/// Prints what a data set or a model holds and verifies it: sizes, shapes, checksums, and that a model's
/// values are finite. Returns 3 when something is wrong, after naming every problem found.
int RunInspect(const config::InspectSettings& settings, const CommandContext& context);

}  // namespace attune::launch
