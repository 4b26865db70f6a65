#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "launch/cluster/agent.h"
#include "launch/cluster/memory_handover.h"
#include "ps/host_memory.h"

namespace attune::launch {

/// The memory of a host's tables in an agent: made by the first of the host, fetched from it by the others.
/// Every agent keeps descriptors of it, so that it is there for a node that is started again.
/// Threads: confined; handing it over has threads of its own.
class HostTables {
 public:
  HostTables() = default;

  /// Makes it, and hands it to other agents of this host, until StopServing().
  /// @param leader   node that is the first of the host
  /// @param shm_dir  where it goes into a file; empty: memory
  static HostTables Make(const HostNeeds& needs, unsigned leader, const std::filesystem::path& shm_dir);
  /// That of the agent of `leader`. Throws Error(kFailed) if it is not to be had `within`.
  static HostTables Fetch(const HostNeeds& needs, unsigned leader, std::chrono::seconds within);

  void StopServing() { servers_.clear(); }

  int memory_fd() const { return memory_.fd(); }
  int snapshot_fd() const { return snapshot_; }

 private:
  ps::HostMemory memory_;
  int snapshot_ = -1;
  std::vector<std::unique_ptr<DescriptorServer>> servers_;
};

}  // namespace attune::launch
