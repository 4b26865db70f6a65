#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "common/net/transport.h"
#include "common/sync/shard_map.h"
#include "launch/checkpoint/snapshot_writer.h"
#include "launch/cluster/node_parts.h"

namespace attune::launch {

/// What a host writes of checkpoints, by its first process: rows of U of slices that were trained there, and
/// items that it owns. Threads: confined, but for CopyAside, which is called while no other method is.
class HostPart {
 public:
  /// References must outlive it. @param node  the host's first
  HostPart(net::NodeId node, const NodeParts& parts, const sync::ShardMap& shards)
      : node_(node), parts_(parts), shards_(shards), writer_(parts.board()) {}

  /// Makes memory for the copy ready while training goes on, once; of about what this host will write.
  void Expect();
  /// Copies rows aside, which must be at rest, and has them written.
  /// @param writers  of the rows of each slice: see wire::BeginRound
  void CopyAside(std::uint32_t number, std::span<const std::uint32_t> writers, unsigned threads);
  /// The newest that is on disk, or could not be; told once.
  std::optional<SnapshotWriter::Result> News();

 private:
  PartPlan PlanOf(std::span<const std::uint32_t> writers) const;
  PartPlan ItemsAndTheta() const;
  PartPlan::Users UsersOf(std::uint32_t slice) const;

  const net::NodeId node_;
  const NodeParts& parts_;
  const sync::ShardMap& shards_;
  SnapshotWriter writer_;
  bool expected_ = false;
  std::uint32_t told_ = 0;  ///< number of the newest that was told
};

}  // namespace attune::launch
