#pragma once

#include <signal.h>

#include <cstddef>
#include <functional>

namespace attune {

/// While it lives, the calling thread gets no signals, nor do threads that it starts: those of a library
/// would otherwise take signals that another thread waits for.
class BlockedSignals {
 public:
  BlockedSignals();
  ~BlockedSignals();
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;

 private:
  sigset_t before_{};
};

/// Number of processors that this process may use (its affinity mask), at least 1.
unsigned AvailableProcessors();

/// Threads to run for a setting in which 0 means "one per available processor".
unsigned ResolveThreads(unsigned setting);

/// Runs `body(thread)` for thread = 0 … threads-1, the first on the caller's thread, the others each on a new
/// one named `name`-<thread>, and waits for all. A caller that only waited would free its processor after the
/// system has decided where the new ones begin. If bodies throw, the exception of the lowest-numbered thread
/// is thrown again after all have ended; bodies of the others must end by themselves.
void RunThreads(unsigned threads, const char* name, const std::function<void(unsigned)>& body);

/// Runs `body(thread, index)` once for each index in [0, count), handed out in order to `threads` threads.
/// After an exception no further index is handed out; it is thrown again when all threads have ended.
void ParallelFor(unsigned threads, std::size_t count, const char* name,
                 const std::function<void(unsigned, std::size_t)>& body);

}  // namespace attune
