#include "ps/robust_mutex.h"

#include <cerrno>

#include "common/error.h"

namespace attune::ps {

void RobustMutex::Initialise() {
  pthread_mutexattr_t attributes;
  ATTUNE_CHECK(pthread_mutexattr_init(&attributes) == 0);
  ATTUNE_CHECK(pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED) == 0);
  ATTUNE_CHECK(pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST) == 0);
  ATTUNE_CHECK(pthread_mutex_init(&mutex_, &attributes) == 0);
  pthread_mutexattr_destroy(&attributes);
}

bool RobustMutex::Lock() {
  const int result = pthread_mutex_lock(&mutex_);
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
