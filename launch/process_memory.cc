#include "launch/process_memory.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <string>

namespace attune::launch {

std::uint64_t PeakMemoryBytes() {
  rusage usage{};
  if (getrusage(RUSAGE_SELF, &usage) != 0) return 0;
  return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
}

std::uint64_t PrivateMemoryBytes(pid_t process) {
  std::ifstream status("/proc/" + std::to_string(process) + "/status");
  for (std::string word; status >> word;) {
    std::uint64_t kilobytes = 0;
    if (word == "RssAnon:" && status >> kilobytes) return kilobytes * 1024;
  }
  return 0;
}

void MemoryPeak::Look() {
  const std::uint64_t now = PrivateMemoryBytes(getpid()) + (watcher_ > 0 ? PrivateMemoryBytes(watcher_) : 0);
  std::uint64_t before = bytes();
  while (before < now && !bytes_.compare_exchange_weak(before, now, std::memory_order_relaxed)) {
  }
}

std::uint64_t FileMemoryBytes(int fd) {
  struct stat status {};
  return fd >= 0 && fstat(fd, &status) == 0 ? static_cast<std::uint64_t>(status.st_blocks) * 512 : 0;
}

}  // namespace attune::launch
