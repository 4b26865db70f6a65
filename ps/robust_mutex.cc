#include "ps/robust_mutex.h"

#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>

#include "common/error.h"
#include "common/thread_board.h"

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#include <sanitizer/tsan_interface.h>
#define ATTUNE_THREAD_SANITIZER
#endif
#endif

namespace attune::ps {
namespace {

using namespace std::chrono_literals;

/// A holder copies or adds some numbers. One that stands still is declared dead long before this.
constexpr auto kHeldTooLong = 120s;

/// A mutex whose holder died while this thread waited for it is locked. The thread sanitizer of clang 14
/// knows that of pthread_mutex_trylock, and not of pthread_mutex_timedlock.
void TellSanitizerThatLocked([[maybe_unused]] pthread_mutex_t* mutex) {
#ifdef ATTUNE_THREAD_SANITIZER
  __tsan_mutex_pre_lock(mutex, __tsan_mutex_try_lock);
  __tsan_mutex_post_lock(mutex, __tsan_mutex_try_lock, 0);
#endif
}

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
    if (result == EOWNERDEAD) TellSanitizerThatLocked(&mutex_);
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
