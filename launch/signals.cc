#include "launch/signals.h"

#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>

#include "common/error.h"

namespace attune::launch {
namespace {

// Touched by a signal handler, which may only use lock-free atomics and async-signal-safe calls.
std::atomic<bool> stop_requested{false};
std::atomic<bool> checkpoint_requested{false};
std::atomic<int> interrupts{0};
std::atomic<std::int64_t> told_to_end{0};  // seconds of the monotonic clock, at SIGTERM; 0 before
std::atomic<bool> told_again{false};
std::atomic<unsigned> report_requests{0};
static_assert(std::atomic<bool>::is_always_lock_free && std::atomic<std::int64_t>::is_always_lock_free &&
              std::atomic<int>::is_always_lock_free && std::atomic<unsigned>::is_always_lock_free);

constexpr std::int64_t kAgainAfterSeconds = 2;

std::int64_t MonotonicSeconds() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec + 1;  // never 0
}

void NoteTermination() {
  const std::int64_t now = MonotonicSeconds();
  std::int64_t first = 0;
  if (told_to_end.compare_exchange_strong(first, now)) return;
  if (now - first >= kAgainAfterSeconds) told_again.store(true, std::memory_order_relaxed);
}

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
  if (signal_number == SIGTERM) NoteTermination();
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

bool StopPending() noexcept {
  sigset_t pending;
  return sigpending(&pending) == 0 &&
         (sigismember(&pending, SIGINT) == 1 || sigismember(&pending, SIGTERM) == 1);
}

bool StopRequestedAgain() noexcept {
  return told_again.load(std::memory_order_relaxed);
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
  told_to_end.store(0);
  told_again.store(false, std::memory_order_relaxed);
  Install(SIGINT, &former_interrupt_);
  Install(SIGTERM, &former_terminate_);
  Install(SIGUSR1, &former_user_);
  sigset_t taken;
  sigemptyset(&taken);
  for (const int number : {SIGINT, SIGTERM}) sigaddset(&taken, number);
  pthread_sigmask(SIG_UNBLOCK, &taken, nullptr);
}

SignalGuard::~SignalGuard() {
  sigaction(SIGINT, &former_interrupt_, nullptr);
  sigaction(SIGTERM, &former_terminate_, nullptr);
  sigaction(SIGUSR1, &former_user_, nullptr);
}

}  // namespace attune::launch
