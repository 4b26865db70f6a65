#pragma once

#include "common/config/train.pb.h"
#include "launch/command.h"

namespace attune::launch {

/// `attune train` with an algorithm that is not the factorisation: one process, no epochs of triples, the
/// same files in the end. Settings have been checked.
int TrainBaseline(const config::TrainSettings& settings, const CommandContext& context);

}  // namespace attune::launch
