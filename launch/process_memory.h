#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>

namespace attune::launch {

/// Greatest resident size of this process so far (VmHWM), mapped files included; 0 where the system does not
/// say.
std::uint64_t PeakMemoryBytes();

/// Anonymous memory of a process now (RssAnon): neither shared nor of files; 0 if there is no such process.
std::uint64_t PrivateMemoryBytes(pid_t process);

/// The most anonymous memory that processes had together when it was looked at: the system keeps no such
/// peak. Threads: any.
class MemoryPeak {
 public:
  /// @param watcher  process that counts, too, besides this one; 0 for none
  explicit MemoryPeak(pid_t watcher = 0) : watcher_(watcher) {}

  /// To be called when much is in use: takes some ten microseconds.
  void Look();
  std::uint64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

 private:
  const pid_t watcher_;
  std::atomic<std::uint64_t> bytes_{0};
};

/// Memory that a memfd or file takes now; 0 without one.
std::uint64_t FileMemoryBytes(int fd);

}  // namespace attune::launch
