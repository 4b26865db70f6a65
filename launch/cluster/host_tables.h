#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "launch/cluster/agent.h"
#include "launch/cluster/memory_handover.h"
#include "ps/host_memory.h"

namespace attune::launch {

/// How long the memory of an earlier life of the job may be in the way of the next.
inline constexpr std::chrono::seconds kOldTablesGoWithin(120);
/// What it may take until the first process of a host hands over the tables of the next: it waits for room,
/// after a node whose threads hang has been ended.
inline constexpr std::chrono::seconds kNewTablesComeWithin(240);

/// The memory of a host's tables in an agent: made by the first of the host, fetched from it by the others.
/// Every agent keeps descriptors of it, so that it is there for a node that is started again.
/// Threads: confined; handing it over has threads of its own.
class HostTables {
 public:
  HostTables() = default;
  ~HostTables();
  HostTables(HostTables&& other) noexcept;
  HostTables& operator=(HostTables&& other) noexcept;

  /// Makes it, and hands it to other agents of this host, until StopServing().
  /// @param leader   node that is the first of the host
  /// @param life     of the job: each has tables of its own
  /// @param shm_dir  where it goes into a file; empty: memory
  static HostTables Make(const HostNeeds& needs, unsigned leader, std::uint32_t life,
                         const std::filesystem::path& shm_dir);
  /// The same when processes of the life before may still hold its memory: tries again as long as there is
  /// not enough, at most `within`.
  /// @param tick  called between
  static HostTables MakeAgain(const HostNeeds& needs, unsigned leader, std::uint32_t life,
                              const std::filesystem::path& shm_dir, std::chrono::seconds within,
                              const std::function<void()>& tick = {});
  /// That of the agent of `leader`, in this life of the job or a later one: those who have not heard of that
  /// one yet are told when they ask the scheduler. Throws Error(kFailed) if it is not to be had `within`.
  static HostTables Fetch(const HostNeeds& needs, unsigned leader, std::uint32_t life,
                          std::chrono::seconds within);

  void StopServing() { servers_.clear(); }

  int memory_fd() const { return memory_.fd(); }
  int snapshot_fd() const { return snapshot_; }

 private:
  ps::HostMemory memory_;
  int snapshot_ = -1;
  std::vector<std::unique_ptr<DescriptorServer>> servers_;
};

}  // namespace attune::launch
