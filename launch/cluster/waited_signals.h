#pragma once

#include <chrono>
#include <optional>

namespace attune::launch {

/// SIGCHLD and the signals that are passed on to other processes (SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2),
/// waited for instead of handled: blocked for as long as this lives. To be made before other threads are.
class WaitedSignals {
 public:
  WaitedSignals();
  ~WaitedSignals();
  WaitedSignals(const WaitedSignals&) = delete;
  WaitedSignals& operator=(const WaitedSignals&) = delete;

  /// Readable when a signal waits.
  int fd() const { return fd_; }
  /// A signal that waits already.
  std::optional<int> Next();
  /// The next signal, nothing after `wait`.
  std::optional<int> Next(std::chrono::milliseconds wait);

 private:
  int fd_ = -1;
};

}  // namespace attune::launch
