#pragma once

#include <signal.h>

namespace attune::launch {

/// Whether SIGINT or SIGTERM has come in since the first SignalGuard was made.
/// Threads: any. Costs one relaxed load.
bool StopRequested() noexcept;

/// Whether SIGINT or SIGTERM has come in and waits, as this thread has blocked them.
bool StopPending() noexcept;

/// Whether SIGTERM has come in again, some seconds after it came first: launchers and service managers send
/// it twice at once. Threads: any.
bool StopRequestedAgain() noexcept;

/// Whether SIGUSR1 has come in since ForgetCheckpointRequest(). Threads: any.
bool CheckpointRequested() noexcept;
void ForgetCheckpointRequest() noexcept;

/// Makes SIGUSR2 ask for a report of what this process does, from now on; at first it ends a process.
void CatchReportRequests();
/// How often it has come in. Threads: any.
unsigned ReportRequests() noexcept;

/// While it lives, SIGINT and SIGTERM only ask the job to stop (see StopRequested): it saves what it reached
/// and leaves with kInterrupted. A second SIGINT ends the process at once with that code; a second SIGTERM
/// asks not to wait for a disk. SIGUSR1 asks for a checkpoint. Destruction restores the former handlers; the
/// request stays. Where a process was started with these signals blocked, they are let in now: none that
/// came before is lost.
/// Threads: confined, one at a time.
class SignalGuard {
 public:
  /// Forgets earlier requests.
  SignalGuard();
  ~SignalGuard();
  SignalGuard(const SignalGuard&) = delete;
  SignalGuard& operator=(const SignalGuard&) = delete;

 private:
  struct sigaction former_interrupt_ {};
  struct sigaction former_terminate_ {};
  struct sigaction former_user_ {};
};

}  // namespace attune::launch
