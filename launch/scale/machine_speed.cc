#include "launch/scale/machine_speed.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <vector>

#include "common/simd.h"
#include "common/thread.h"

namespace attune::launch {
namespace {

constexpr int kPasses = 3;

/// Least seconds of a pass of all threads together.
double LeastSeconds(unsigned threads, const std::function<void(unsigned)>& pass) {
  double least = 1e9;
  for (int n = 0; n < kPasses; ++n) {
    const auto began = std::chrono::steady_clock::now();
    RunThreads(threads, "speed", pass);
    least = std::min(least, std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count());
  }
  return least;
}

double MemoryBytes(unsigned threads) {
  constexpr std::size_t kAllNumbers = std::size_t{1} << 25;  // 128 MiB an array, of all threads together
  const std::size_t numbers = kAllNumbers / threads;
  struct Arrays {
    std::vector<float> a, b, c;
  };
  std::vector<Arrays> of(threads);
  RunThreads(threads, "speed", [&](unsigned thread) {  // pages near the thread that uses them
    of[thread] = {std::vector<float>(numbers), std::vector<float>(numbers, 1),
                  std::vector<float>(numbers, 2)};
  });
  const double seconds = LeastSeconds(threads, [&](unsigned thread) {
    Arrays& arrays = of[thread];
    for (std::size_t n = 0; n < numbers; ++n) arrays.a[n] = arrays.b[n] + 0.5f * arrays.c[n];
  });
  return 3.0 * sizeof(float) * static_cast<double>(numbers) * threads / seconds;
}

double MultiplyAdds(unsigned threads) {
  constexpr int kChains = 10;  // enough for two units of a latency of four or five
  constexpr int kSteps = 10'000'000;
  std::vector<float> sinks(threads);
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
  return static_cast<double>(kChains) * kSteps * simd::kLanes * threads / seconds;
}

}  // namespace

MachineSpeed MeasureMachine(unsigned threads) {
  return {MemoryBytes(threads), MultiplyAdds(threads)};
}

}  // namespace attune::launch
