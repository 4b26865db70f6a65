#include "worker/step_timer.h"

#include <gtest/gtest.h>

#include <numeric>

namespace attune::worker {
namespace {

std::uint64_t Sum(const StepTimes& times) {
  return std::accumulate(times.timed_ns.begin(), times.timed_ns.end(), std::uint64_t{0});
}

void RunBatch(StepTimer& timer, std::uint64_t triples) {
  timer.Begin();
  for (const StepPhase phase : {StepPhase::kSample, StepPhase::kGather, StepPhase::kCompute})
    timer.Lap(phase);
  timer.End(triples);
}

TEST(StepTimer, LooksAtLargeBatchesAlwaysAndAtSmallOnesSeldom) {
  StepTimer large;
  for (int n = 0; n < 5; ++n) RunBatch(large, StepTimer::kTriplesBetween);
  const StepTimes of_large = large.Take();
  EXPECT_EQ(of_large.timed_triples, of_large.triples);
  EXPECT_EQ(of_large.triples, 5 * StepTimer::kTriplesBetween);
  EXPECT_GT(Sum(of_large), 0u);

  StepTimer small;
  for (std::uint64_t n = 0; n < StepTimer::kTriplesBetween; ++n) RunBatch(small, 2);
  // The first, and the one after 4096 triples.
  EXPECT_EQ(small.Take().timed_triples, 4u);
}

TEST(StepTimer, TheSampleGoesOnFromLeaseToLease) {
  StepTimer timer;
  RunBatch(timer, 1);
  EXPECT_EQ(timer.Take().timed_triples, 1u);
  RunBatch(timer, 1);
  EXPECT_EQ(timer.Take(), (StepTimes{{}, {}, 1, 0}));
}

TEST(StepTimer, WaitsAreMeasuredOfAllBatchesAndAreNoOtherPhase) {
  StepTimer timer;
  RunBatch(timer, 1);
  timer.Take();
  timer.Begin();
  EXPECT_EQ(timer.Waited([] { return 7; }), 7);
  timer.Waited([] {
    const auto end = std::chrono::steady_clock::now() + std::chrono::microseconds(100);
    while (std::chrono::steady_clock::now() < end) {
    }
    return true;
  });
  timer.End(1);
  const StepTimes times = timer.Take();
  EXPECT_GE(times.whole_ns[static_cast<std::size_t>(StepPhase::kSync)], 100'000u);
  EXPECT_EQ(Sum(times), 0u);
}

TEST(StepTimes, SecondsOfASampleStandForAllTriples) {
  StepTimes times{{1000, 2000, 3000, 4000, 0}, {500, 0, 0, 0, 5000}, 300, 100};
  EXPECT_DOUBLE_EQ(times.Seconds(StepPhase::kSample), 3.5e-6);
  EXPECT_DOUBLE_EQ(times.Seconds(StepPhase::kUpdate), 12e-6);
  EXPECT_DOUBLE_EQ(times.Seconds(StepPhase::kSync), 5e-6);  // all of it was measured
  times += times;
  EXPECT_DOUBLE_EQ(times.Seconds(StepPhase::kSample), 7e-6);
  EXPECT_EQ(StepTimes().Seconds(StepPhase::kSample), 0);
}

}  // namespace
}  // namespace attune::worker
