#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "common/net/transport.h"
#include "common/sync/placement.h"
#include "common/sync/shard_map.h"

namespace attune::launch {

/// Which processes speak for their hosts, and which hosts own rows. The same on all nodes, but for `leader`.
struct HostPlan {
  std::vector<net::NodeId> leaders;  ///< first node of each host
  std::vector<net::NodeId> owners;   ///< those of them whose hosts have a server
  net::NodeId leader = 0;            ///< of this host
  unsigned processes = 1;            ///< of this host
  unsigned workers = 1;              ///< of these, that train
  unsigned working_hosts = 1;        ///< hosts that have a worker
  bool joinable = false;             ///< whether others may join when the job has begun

  bool one_host() const { return leaders.size() == 1; }
  /// Whether there are several hosts, or may be later.
  bool spread() const { return !one_host() || joinable; }
  bool owns() const { return std::ranges::find(owners, leader) != owners.end(); }
  sync::ShardMap Shards(Index items) const { return {items, owners}; }

  /// Items that this host has rows of. @param by_heat     items, hottest first
  ///                                  @param replicated  how many of them every host has
  sync::Placement PlaceItems(const std::vector<Index>& by_heat, std::size_t replicated) const {
    const auto items = static_cast<Index>(by_heat.size());
    if (replicated >= items || (owners.size() == 1 && owns())) return sync::Placement(items);
    const auto self = owns() ? std::optional<std::uint32_t>(leader) : std::nullopt;
    return {Shards(items), self, std::span(by_heat).first(replicated)};
  }
};

}  // namespace attune::launch
