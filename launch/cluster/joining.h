#pragma once

#include <memory>

#include "common/config/role.pb.h"
#include "common/config/train.pb.h"
#include "launch/cluster/rendezvous.h"

namespace attune::launch {

/// The scheduler's place among processes that join it. Writes into `cluster` by which network they reach each
/// other, unless it says so.
/// Throws Error(kUsage) if settings miss or do not fit together, Error(kFailed) if it cannot listen.
std::unique_ptr<Rendezvous> AwaitJoining(config::ClusterSettings& cluster);

/// The place of a process that joins a scheduler.
std::unique_ptr<Rendezvous> JoinScheduler(const config::RoleSettings& settings);

}  // namespace attune::launch
