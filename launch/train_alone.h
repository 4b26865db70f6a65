#pragma once

#include "common/config/train.pb.h"
#include "launch/command.h"

namespace attune::launch {

/// Trains in this process alone; or says what that would take, if nothing is to be done. @returns exit code
int TrainAlone(const config::TrainSettings& settings, const CommandContext& context);

/// The same command runs everywhere, so settings of a cluster are no error in one process; but they are told.
void TellInert(const config::ClusterSettings& cluster);

}  // namespace attune::launch
