#include "common/run/available_memory.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <limits>
#include <optional>
#include <sstream>
#include <vector>

namespace attune {
namespace fs = std::filesystem;
namespace {

constexpr std::uint64_t kNoBound = std::numeric_limits<std::uint64_t>::max();

/// Names of a control group's files in the two versions of the interface.
struct GroupFiles {
  const char* limit;
  const char* usage;
  const char* reclaimable;  ///< key in memory.stat
};
constexpr GroupFiles kVersion1{"memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"};
constexpr GroupFiles kVersion2{"memory.max", "memory.current", "inactive_file"};

/// The number that a file consists of; none for "max" and for a missing file.
std::optional<std::uint64_t> ReadNumber(const fs::path& path) {
  std::ifstream stream(path);
  std::string text;
  std::uint64_t number = 0;
  if (!(stream >> text)) return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// The number after `key` in a file of lines "key number …".
std::optional<std::uint64_t> ReadKey(const fs::path& path, const std::string& key) {
  std::ifstream stream(path);
  for (std::string line; std::getline(stream, line);) {
    std::istringstream words(line);
    std::string name;
    std::uint64_t number = 0;
    if (words >> name >> number && name == key) return number;
  }
  return std::nullopt;
}

void Lower(AvailableMemory& available, std::uint64_t bytes, const std::string& bound_by) {
  if (bytes >= available.bytes) return;
  available = {bytes, bound_by};
}

void LowerToGroup(AvailableMemory& available, const fs::path& group, const GroupFiles& files) {
  const auto limit = ReadNumber(group / files.limit);
  if (!limit) return;
  const std::uint64_t usage = ReadNumber(group / files.usage).value_or(0);
  const std::uint64_t cache = ReadKey(group / "memory.stat", files.reclaimable).value_or(0);
  const std::uint64_t used = usage - std::min(usage, cache);
  Lower(available, *limit - std::min(*limit, used), "memory limit of control group " + group.string());
}

/// The group `name` below `mount` and all its parents. In a container the name may be one that only the host
/// knows; its parents then end at the mount itself, which is the container's group.
void LowerToGroups(AvailableMemory& available, const fs::path& mount, const std::string& name,
                   const GroupFiles& files) {
  fs::path relative = fs::path(name).relative_path().lexically_normal();
  if (!relative.empty() && *relative.begin() == "..") relative.clear();
  for (; !relative.empty(); relative = relative.parent_path())
    LowerToGroup(available, mount / relative, files);
  LowerToGroup(available, mount, files);
}

bool NamesMemory(const std::string& controllers) {
  std::istringstream stream(controllers);
  for (std::string controller; std::getline(stream, controller, ',');) {
    if (controller == "memory") return true;
  }
  return false;
}

/// Lines of proc/self/cgroup: "0::/job" in version 2, "5:cpu,memory:/job" in version 1.
void LowerToControlGroups(AvailableMemory& available, const fs::path& root) {
  std::ifstream stream(root / "proc/self/cgroup");
  for (std::string line; std::getline(stream, line);) {
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const std::string name = line.substr(second + 1);
    const fs::path mount = root / "sys/fs/cgroup";
    if (controllers.empty()) LowerToGroups(available, mount, name, kVersion2);
    if (NamesMemory(controllers)) LowerToGroups(available, mount / "memory", name, kVersion1);
  }
}

}  // namespace

AvailableMemory FindAvailableMemory(const fs::path& root) {
  constexpr std::uint64_t kKibibyte = 1024;
  AvailableMemory available{kNoBound, "no known limit"};
  const auto free_kib = ReadKey(root / "proc/meminfo", "MemAvailable:");
  if (free_kib) Lower(available, *free_kib * kKibibyte, "free memory of this host");
  LowerToControlGroups(available, root);
  return available;
}

}  // namespace attune
