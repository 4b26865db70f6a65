#pragma once

#include "common/config/prepare.pb.h"
#include "common/data/prepare.h"
#include "launch/command.h"

namespace attune::launch {

/// The options that settings stand for. Throws Error(kUsage) naming a setting that cannot be understood.
data::PrepareOptions ToPrepareOptions(const config::PrepareSettings& settings);

/// `attune prepare`: prepares a data set and prints what came of it to standard output, as text or as JSON;
/// speed and memory go to standard error. Returns the exit code; failures are thrown as Error.
int RunPrepare(const config::PrepareSettings& settings, const CommandContext& context);

}  // namespace attune::launch
