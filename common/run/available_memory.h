#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace attune {

/// How much memory this process may still take, and what sets the bound.
struct AvailableMemory {
  std::uint64_t bytes = 0;
  std::string bound_by;  ///< "free memory of this host", "memory limit of control group /sys/fs/cgroup/job"
};

/// The least of what the host has free and what the process's control groups (version 1 or 2, with all their
/// parents) leave; file cache that can be given back counts as free. Where nothing is known, no bound.
/// @param root  the directory that holds proc/ and sys/; other than "/" in tests only
AvailableMemory FindAvailableMemory(const std::filesystem::path& root = "/");

}  // namespace attune
