#pragma once

#include "launch/cluster/agent.h"
#include "launch/cluster/late_entry.h"

namespace attune::launch {

/// The process of somebody who joins a job that has begun: like RunAgent, but the scheduler alone is asked
/// for a place.
/// @param threads  of the node
/// @returns the exit code. Throws Error when it cannot take part
int RunLateAgent(LateEntry& entry, RankCheck check, unsigned threads);

}  // namespace attune::launch
