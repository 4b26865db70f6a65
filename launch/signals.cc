#include "launch/signals.h"

#include <unistd.h>

#include <atomic>
#include <cerrno>

#include "common/error.h"

namespace attune::launch {
namespace {

// Touched by a signal handler, which may only use lock-free atomics and async-signal-safe calls.
std::atomic<bool> stop_requested{false};
std::atomic<bool> checkpoint_requested{false};
std::atomic<int> interrupts{0};
std::atomic<unsigned> report_requests{0};
static_assert(std::atomic<bool>::is_always_lock_free && std::atomic<int>::is_always_lock_free &&
              std::atomic<unsigned>::is_always_lock_free);

void HandleSignal(int signal_number) {
  if (signal_number == SIGUSR1) {
    checkpoint_requested.store(true, std::memory_order_relaxed);
    return;
  }
  if (signal_number == SIGUSR2) {
    report_requests.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  if (signal_number == SIGINT && interrupts.fetch_add(1, std::memory_order_relaxed) > 0)
    _exit(static_cast<int>(ErrorKind::kInterrupted));
  stop_requested.store(true, std::memory_order_relaxed);
}

void Install(int signal_number, struct sigaction* former) {
  struct sigaction action {};
  action.sa_handler = HandleSignal;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  if (sigaction(signal_number, &action, former) != 0)
    ThrowFailed("cannot handle signal {}: {}", signal_number, ErrnoText(errno));
}

}  // namespace

bool StopRequested() noexcept {
  return stop_requested.load(std::memory_order_relaxed);
}

bool CheckpointRequested() noexcept {
  return checkpoint_requested.load(std::memory_order_relaxed);
}

void ForgetCheckpointRequest() noexcept {
  checkpoint_requested.store(false, std::memory_order_relaxed);
}

void CatchReportRequests() {
  struct sigaction former {};
  Install(SIGUSR2, &former);
}

unsigned ReportRequests() noexcept {
  return report_requests.load(std::memory_order_relaxed);
}

SignalGuard::SignalGuard() {
  stop_requested.store(false, std::memory_order_relaxed);
  ForgetCheckpointRequest();
  interrupts.store(0, std::memory_order_relaxed);
  Install(SIGINT, &former_interrupt_);
  Install(SIGTERM, &former_terminate_);
  Install(SIGUSR1, &former_user_);
}

SignalGuard::~SignalGuard() {
  sigaction(SIGINT, &former_interrupt_, nullptr);
  sigaction(SIGTERM, &former_terminate_, nullptr);
  sigaction(SIGUSR1, &former_user_, nullptr);
}

}  // namespace attune::launch
