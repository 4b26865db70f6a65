#include "launch/scale/machine_speed.h"

#include <algorithm>
#include <barrier>
#include <chrono>
#include <functional>
#include <vector>

#include "common/simd.h"
#include "launch/cluster/task_threads.h"

namespace attune::launch {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kFewestPasses = 3;
/// Passes go on for so long: the system may begin with several threads on one processor, and spread them only
/// after a while; the best pass counts.
constexpr std::chrono::milliseconds kShortestTime(400);

void WaitForAll(TaskThreads& threads) {
  while (!threads.WaitUntilIdle(std::chrono::seconds(1))) {
  }
}

/// Seconds of a pass of all threads together, which begin at the same time.
double SecondsOf(TaskThreads& threads, const std::function<void(unsigned)>& pass) {
  Clock::time_point began;
  std::barrier all_there(threads.count(), [&began]() noexcept { began = Clock::now(); });
  unsigned started = 0;
  try {
    for (; started < threads.count(); ++started) {
      threads.Start([&](unsigned self) {
        all_there.arrive_and_wait();
        pass(self);
      });
    }
  } catch (...) {  // those that are there would wait for ever
    for (; started < threads.count(); ++started) all_there.arrive_and_drop();
    WaitForAll(threads);
    throw;
  }
  WaitForAll(threads);
  threads.RethrowFailure();
  return std::chrono::duration<double>(Clock::now() - began).count();
}

/// The least of several passes.
double LeastSeconds(TaskThreads& threads, const std::function<void(unsigned)>& pass) {
  double least = 1e9;
  const auto first = Clock::now();
  for (int n = 0; n < kFewestPasses || Clock::now() - first < kShortestTime; ++n) {
    least = std::min(least, SecondsOf(threads, pass));
  }
  return least;
}

double MemoryBytes(TaskThreads& threads) {
  constexpr std::size_t kAllNumbers = std::size_t{1} << 25;  // 128 MiB an array, of all threads together
  const std::size_t numbers = kAllNumbers / threads.count();
  struct Arrays {
    std::vector<float> a, b, c;
  };
  std::vector<Arrays> of(threads.count());
  const double seconds = LeastSeconds(threads, [&](unsigned thread) {
    Arrays& arrays = of[thread];
    if (arrays.a.empty()) {  // by the thread that uses them, so that the pages are near it
      arrays = {std::vector<float>(numbers), std::vector<float>(numbers, 1), std::vector<float>(numbers, 2)};
    }
    for (std::size_t n = 0; n < numbers; ++n) arrays.a[n] = arrays.b[n] + 0.5f * arrays.c[n];
  });
  return 3.0 * sizeof(float) * static_cast<double>(numbers) * threads.count() / seconds;
}

double MultiplyAdds(TaskThreads& threads) {
  constexpr int kChains = 10;  // enough for two units of a latency of four or five
  constexpr int kSteps = 10'000'000;
  std::vector<float> sinks(threads.count());
  const double seconds = LeastSeconds(threads, [&](unsigned thread) {
    simd::Vector chains[kChains] = {};
    const simd::Vector factor = simd::Broadcast(0.999f);
    const simd::Vector addend = simd::Broadcast(sinks[thread] + 0.5f);
    for (int step = 0; step < kSteps; ++step) {
#pragma GCC unroll 10
      for (int n = 0; n < kChains; ++n) chains[n] = chains[n] * factor + addend;
    }
    simd::Vector sum = {};
    for (const simd::Vector& chain : chains) sum += chain;
    sinks[thread] = sum[0];  // so that it is not left out
  });
  return static_cast<double>(kChains) * kSteps * simd::kLanes * threads.count() / seconds;
}

}  // namespace

MachineSpeed MeasureMachine(unsigned threads) {
  TaskThreads running(threads, "speed", {});
  return {MemoryBytes(running), MultiplyAdds(running)};
}

}  // namespace attune::launch
