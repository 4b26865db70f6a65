#pragma once

#include <pthread.h>

namespace attune::ps {

/// A mutex in memory that several processes map. When the process that holds it is killed, the next one gets
/// it and is told. Threads: any, of any process that maps it.
class RobustMutex {
 public:
  /// Makes the mutex usable; by one process, once.
  void Initialise();

  /// Waits for the mutex. @returns false if its last holder died with it: what it guards may be half-written.
  /// Throws Error(kFailed) if its holder neither gives it back nor dies within two minutes.
  bool Lock();
  void Unlock();

 private:
  int LockSlowly();

  pthread_mutex_t mutex_;
};

}  // namespace attune::ps
