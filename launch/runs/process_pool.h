#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "launch/cluster/waited_signals.h"

namespace attune::launch {

/// Commands of this program that run at the same time, each a process of its own. Signals that ask this
/// process to end are noticed here. To be made before other threads are. Threads: confined.
class ProcessPool {
 public:
  struct Ended {
    std::size_t id = 0;
    int code = 0;         ///< exit code, or 128 + the signal
    int signal = 0;       ///< that has killed it; 0: none has
    std::string program;  ///< the launcher's first word; empty is this program

    bool well() const { return code == 0; }
  };

  ProcessPool() = default;
  /// Ends what still runs.
  ~ProcessPool();
  ProcessPool(const ProcessPool&) = delete;
  ProcessPool& operator=(const ProcessPool&) = delete;

  /// Starts a command. Throws Error(kFailed) if there can be no further process, or no file.
  /// @param launcher        words before the command: "mpirun -n 4", or none. Where the first is "attune",
  ///                        the others are arguments of this program
  /// @param output, errors  files that standard output and error replace
  void Start(std::size_t id, std::vector<std::string> arguments, const std::vector<std::string>& launcher,
             const std::filesystem::path& output, const std::filesystem::path& errors);

  std::size_t running() const { return processes_.size(); }
  /// One that has ended; nothing after `wait`, or when this process is to end.
  std::optional<Ended> Wait(std::chrono::milliseconds wait);
  /// Whether SIGINT, SIGTERM or SIGHUP has come.
  bool interrupted() const { return interrupted_; }
  /// Tells all to end, and kills what has not ended some seconds later.
  void Stop();

 private:
  struct Process {
    pid_t pid = 0;
    std::size_t id = 0;
    std::string program;
  };
  std::optional<Ended> Reap();
  void Signal(int number) const;

  WaitedSignals signals_;
  std::vector<Process> processes_;
  bool interrupted_ = false;
};

}  // namespace attune::launch
