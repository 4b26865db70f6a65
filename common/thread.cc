#include "common/thread.h"

#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <string>
#include <thread>
#include <vector>

namespace attune {

BlockedSignals::BlockedSignals() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before_);
}

BlockedSignals::~BlockedSignals() {
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

unsigned AvailableProcessors() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof(set), &set) == 0) {
    return static_cast<unsigned>(std::max(1, CPU_COUNT(&set)));
  }
  return std::max(1u, std::thread::hardware_concurrency());
}

unsigned ResolveThreads(unsigned setting) {
  return setting == 0 ? AvailableProcessors() : setting;
}

void RunThreads(unsigned threads, const char* name, const std::function<void(unsigned)>& body) {
  std::vector<std::exception_ptr> failures(std::max(1u, threads));
  const auto run = [&](unsigned thread) {
    try {
      body(thread);
    } catch (...) {
      failures[thread] = std::current_exception();
    }
  };
  {
    std::vector<std::jthread> running;
    for (unsigned t = 1; t < threads; ++t) {
      running.emplace_back([&, t] {
        pthread_setname_np(pthread_self(),
                           (std::string(name).substr(0, 11) + "-" + std::to_string(t)).c_str());
        run(t);
      });
    }
    run(0);
  }
  for (const auto& failure : failures) {
    if (failure) std::rethrow_exception(failure);
  }
}

void ParallelFor(unsigned threads, std::size_t count, const char* name,
                 const std::function<void(unsigned, std::size_t)>& body) {
  std::atomic<std::size_t> next{0};
  std::atomic<bool> failed{false};
  RunThreads(
      static_cast<unsigned>(std::min<std::size_t>(std::max(1u, threads), std::max<std::size_t>(1, count))),
      name, [&](unsigned thread) {
        while (!failed.load(std::memory_order_relaxed)) {
          const std::size_t index = next.fetch_add(1, std::memory_order_relaxed);
          if (index >= count) return;
          try {
            body(thread, index);
          } catch (...) {
            failed = true;
            throw;
          }
        }
      });
}

}  // namespace attune
