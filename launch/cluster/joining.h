#pragma once

#include <memory>
#include <string>

#include "common/config/role.pb.h"
#include "common/config/train.pb.h"
#include "launch/cluster/join_hub.h"
#include "launch/cluster/rendezvous.h"

namespace attune::launch {

/// Where processes join.
struct JoinDoor {
  int fd = -1;               ///< a listening socket; the caller's
  std::string network;       ///< by which hosts reach each other, unless settings say so; empty: any
  bool beyond_host = false;  ///< whether other hosts may join
};

/// Listens where `cluster` says.
/// Throws Error(kUsage) if settings do not fit together, Error(kFailed) if it cannot listen.
JoinDoor OpenToJoin(const config::ClusterSettings& cluster);

/// The scheduler's place among processes that join it at `fd`. Throws Error(kUsage) if --processes is
/// missing.
std::unique_ptr<Rendezvous> AwaitJoining(const config::ClusterSettings& cluster, int fd);

/// What those who join must know. Throws Error(kUsage) where it may not be empty, Error(kBadInput).
net::SharedSecret SecretOf(const config::ClusterSettings& cluster);

/// The place of a process that joins a scheduler.
Joined JoinScheduler(const config::RoleSettings& settings);

}  // namespace attune::launch
