#include "ps/robust_mutex.h"

#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>

#include "common/error.h"
#include "common/thread_board.h"

namespace attune::ps {
namespace {

using namespace std::chrono_literals;

/// A holder copies or adds some numbers. One that stands still is declared dead long before this.
constexpr auto kHeldTooLong = 120s;

}  // namespace

void RobustMutex::Initialise() {
  pthread_mutexattr_t attributes;
  ATTUNE_CHECK(pthread_mutexattr_init(&attributes) == 0);
  ATTUNE_CHECK(pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED) == 0);
  ATTUNE_CHECK(pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST) == 0);
  ATTUNE_CHECK(pthread_mutex_init(&mutex_, &attributes) == 0);
  pthread_mutexattr_destroy(&attributes);
}

/// Second by second: a wait until a time of day would end early, or late, when the clock is set.
int RobustMutex::LockSlowly() {
  const Doing waits("waits for what processes of this host share: one of them writes it");
  const auto began = std::chrono::steady_clock::now();
  while (true) {
    timespec until{};
    clock_gettime(CLOCK_REALTIME, &until);
    ++until.tv_sec;
    const int result = pthread_mutex_timedlock(&mutex_, &until);
    if (result != ETIMEDOUT) return result;
    if (std::chrono::steady_clock::now() - began < kHeldTooLong) continue;
    ThrowFailed(
        "a process of this host has held the attention's parameters for {} s; a process in state T (ps) is "
        "stopped",
        kHeldTooLong.count());
  }
}

bool RobustMutex::Lock() {
  int result = pthread_mutex_trylock(&mutex_);
  if (result == EBUSY) result = LockSlowly();
  if (result == EOWNERDEAD) {
    ATTUNE_CHECK(pthread_mutex_consistent(&mutex_) == 0);
    return false;
  }
  ATTUNE_CHECK(result == 0);
  return true;
}

void RobustMutex::Unlock() {
  ATTUNE_CHECK(pthread_mutex_unlock(&mutex_) == 0);
}

}  // namespace attune::ps
