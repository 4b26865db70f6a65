#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "common/types.h"

namespace attune::sync {

/// Which server owns a row of the item table: rows lie in virtual shards, row n in shard n mod shards, so
/// that neighbours (and small ids, which are often the popular ones) lie apart; shards are dealt out to the
/// servers in turn. Threads: value.
class ShardMap {
 public:
  static constexpr std::uint32_t kMostShards = 4096;

  ShardMap() = default;
  /// @param servers  node numbers, in an order that all nodes agree on; at least one
  ShardMap(Index rows, std::vector<std::uint32_t> servers)
      : rows_(rows),
        shards_(std::min<std::uint32_t>(kMostShards, std::max<Index>(rows, 1))),
        servers_(std::move(servers)) {}

  std::uint32_t shards() const { return shards_; }
  std::uint32_t ShardOf(Index row) const { return row % shards_; }
  std::uint32_t OwnerOfShard(std::uint32_t shard) const { return servers_[shard % servers_.size()]; }
  std::uint32_t OwnerOf(Index row) const { return OwnerOfShard(ShardOf(row)); }
  const std::vector<std::uint32_t>& servers() const { return servers_; }
  Index rows() const { return rows_; }

 private:
  Index rows_ = 0;
  std::uint32_t shards_ = 1;
  std::vector<std::uint32_t> servers_;
};

}  // namespace attune::sync
