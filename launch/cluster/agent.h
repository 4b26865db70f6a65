#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "common/error.h"
#include "common/run/memory_plan.h"
#include "launch/cluster/host_plan.h"
#include "launch/cluster/rendezvous.h"
#include "launch/cluster/roles.h"
#include "ps/host_memory.h"

namespace attune::launch {

/// What the processes of a host share, in bytes.
struct HostNeeds {
  ps::HostShape shape;         ///< of the tables' memory; its job is not set yet
  std::uint64_t snapshot = 0;  ///< of a file for V and P of all items; 0 if the host has all rows
  MemoryPlan plan;             ///< of all that its processes take
};

/// What a rank found when it looked at its settings and data.
struct RankCheck {
  std::optional<Error> failure;
  std::string fingerprint;  ///< of program, settings and data: must be the same on all ranks
  Duties duties;            ///< of this rank
  std::string settings;     ///< for the node: ToText()
  /// If set, memory is only told of: by rank 0, that of all hosts
  /// ({"parts": …, "total_bytes": …, "hosts": [{"host": name, "rank": of its first process, …}, …]}) and a
  /// table of its own host's.
  std::function<void(const nlohmann::ordered_json& memory, const std::string& table)> tell_only;
  bool one_host_only = false;  ///< whether what is trained cannot be kept together over hosts
  /// Of a host in a job that begins with so many processes.
  std::function<HostNeeds(const HostPlan&, unsigned processes)> needs;  ///< unset after a failure
  std::string interface;          ///< by which hosts reach each other; empty: chosen
  std::filesystem::path shm_dir;  ///< where the tables go into a file; empty: memory
  bool joinable = false;          ///< whether others may join when the job has begun
  int run_fd = -1;                ///< of the run's directory, which is locked as long as the job has it
  int join_fd = -1;               ///< on rank 0: where they do
  bool beyond_host = false;       ///< on rank 0: whether they may do so from other hosts
  bool insecure = false;          ///< whether nodes talk without keys
};

/// The process that a launcher starts as one rank. It finds the other ranks, makes or fetches the memory of
/// its host's tables, and starts this program again as a node, which does the work; it passes signals on,
/// starts the node again when it dies, and ends with the node's exit code. It holds no tables.
/// @returns the exit code. Throws ToldElsewhere when the ranks do not fit together, after rank 0 has said why
int RunAgent(std::unique_ptr<Rendezvous> rendezvous, RankCheck check);

}  // namespace attune::launch
