#pragma once

#include "launch/cluster/agent.h"
#include "launch/cluster/late_entry.h"

namespace attune::launch {

/// The process of somebody who joins a job that has begun: like RunAgent, but the scheduler alone is asked
/// for a place.
/// @param check    what it finds when it looks at its settings and data: again in each life of the job
/// @param threads  of the node
/// @returns the exit code. Throws Error when it cannot take part
int RunLateAgent(LateEntry& entry, const std::function<RankCheck()>& check, unsigned threads);

}  // namespace attune::launch
