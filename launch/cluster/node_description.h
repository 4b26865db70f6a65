#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/net/zmq_transport.h"
#include "launch/cluster/host_plan.h"
#include "launch/cluster/roles.h"
#include "ps/host_memory.h"

namespace attune::launch {

/// What an agent tells the node that it starts. Goes through a descriptor, as JSON.
struct NodeDescription {
  std::array<std::uint8_t, 16> job{};
  net::NodeId node = 0;
  std::uint32_t incarnation = 0;
  std::uint32_t life = 0;  ///< of the job
  std::string host;        ///< the same for nodes that share memory
  std::string where;       ///< "rank 5 (node07)"
  std::string fingerprint;
  std::string settings;  ///< ToText() of the job's
  Duties duties;
  unsigned local_rank = 0;  ///< number of this node among those of its host that the job began with
  std::optional<std::uint32_t> first_seat;  ///< at the host's gate, of a node that has joined late
  unsigned processes = 1;                   ///< that the job began with
  HostPlan plan;
  std::string bind_host;  ///< address that listen_fd is bound to
  int listen_fd = -1;
  int memory_fd = -1;                   ///< of the host's tables; -1 if the node makes them: see MakeTables
  int snapshot_fd = -1;                 ///< -1 if the host has all rows
  ps::HostShape shape;                  ///< of tables that the node makes; its job is that above
  std::uint64_t snapshot_bytes = 0;     ///< the same of the snapshot
  int run_fd = -1;                      ///< of the run's directory, on rank 0: inherited, it keeps the lock
  int note_fd = -1;                     ///< what it leaves behind: see LifeNote
  int join_fd = -1;                     ///< where the scheduler's node listens for those who join late
  net::KeyPair keys;                    ///< its own
  std::vector<net::Address> addresses;  ///< of all nodes, by number; empty where there is none

  std::uint64_t job_number() const;
  /// Whether it is the first of its host: gives the tables their first values.
  bool leads() const { return node == plan.leader; }
  /// Whether the job had begun before this node came.
  bool late() const { return first_seat.has_value(); }
};

std::string ToText(const NodeDescription& description);
/// Throws Error(kFailed) if it cannot be read.
NodeDescription DescriptionOfText(const std::string& text);

/// That of this process, if an agent has started it. Throws Error(kFailed) if it cannot be read.
std::optional<NodeDescription> FindNodeDescription();

/// Variable that holds the descriptor's number.
inline constexpr const char* kNodeVariable = "ATTUNE_NODE_DESCRIPTION";

}  // namespace attune::launch
