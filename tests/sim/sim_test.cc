// Thousands of small clusters, each from a seed. ATTUNE_SIM_SEED=N runs one of them again.
#include <fmt/core.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/sim/cluster.h"

namespace attune::sim {
namespace {

using namespace std::chrono_literals;

Plan PlanOf(std::uint64_t seed) {
  Draws draws(seed * 7919 + 1);
  Plan plan;
  plan.seed = seed;
  plan.workers = 1 + draws.Below(seed % 20 == 0 ? 50 : 8);
  plan.hosts = 1 + draws.Below(4);
  plan.slices = draws.Below(60);
  plan.epochs = 1 + draws.Below(3);
  plan.epochs_a_round = 1 + static_cast<std::uint32_t>(seed / 7 % 3);
  plan.faults.delay = std::chrono::microseconds(100 + draws.Below(50'000));
  if (seed % 4 != 0) {
    plan.faults.broken = 0.05 * draws.Unit();
    plan.faults.repeated = 0.1 * draws.Unit();
    plan.faults.reordered = 0.1 * draws.Unit();
  }
  if (seed % 3 == 0) plan.kill = 0.1 * draws.Unit();
  if (seed % 5 == 0) plan.pause = 0.1 * draws.Unit();
  if (seed % 2 == 0) {
    plan.leave = 0.05 * draws.Unit();
    plan.late = draws.Below(6);
  }
  if (seed % 6 == 1) plan.cut = 0.2 * draws.Unit();
  return plan;
}

void Check(const Plan& plan) {
  const Outcome outcome = Simulate(plan);
  ASSERT_TRUE(outcome.completed) << outcome.problem << "; run it again with ATTUNE_SIM_SEED=" << plan.seed;
  ASSERT_EQ(outcome.epochs.size(), plan.epochs) << "seed " << plan.seed;
  for (const auto& epoch : outcome.epochs) {
    ASSERT_EQ(epoch.positives, 7u * plan.slices) << "ATTUNE_SIM_SEED=" << plan.seed;
  }
  const bool calm = plan.kill == 0 && plan.pause == 0;
  ASSERT_TRUE(!calm || outcome.repeated == 0) << "ATTUNE_SIM_SEED=" << plan.seed;
}

TEST(Simulation, EverySliceIsTrainedOnceWhateverTheNetworkAndTheNodesDo) {
  if (const char* seed = std::getenv("ATTUNE_SIM_SEED")) {
    Check(PlanOf(std::strtoull(seed, nullptr, 10)));
    return;
  }
  for (std::uint64_t seed = 1; seed <= 1000; ++seed) {
    Check(PlanOf(seed));
    if (HasFatalFailure()) return;
  }
}

TEST(Simulation, TheSameSeedIsTheSameRun) {
  const Plan plan = PlanOf(15);
  const Outcome a = Simulate(plan);
  const Outcome b = Simulate(plan);
  EXPECT_EQ(a.time, b.time);
  EXPECT_EQ(a.kills, b.kills);
  EXPECT_EQ(a.repeated, b.repeated);
}

TEST(Simulation, NobodyWaitsForATimeOutWhereNothingIsLost) {
  Plan plan;
  plan.workers = 3;
  plan.slices = 20;
  plan.epochs = 20;
  plan.lease_time = 20ms;
  const Outcome outcome = Simulate(plan);
  ASSERT_TRUE(outcome.completed) << outcome.problem;
  // Of these are some 7 s work and ticks; each wait for a time-out would be another second.
  EXPECT_LT(outcome.time, 9s);
}

TEST(Simulation, NobodyWaitsForTheEndOfAnEpochThatAnotherFollows) {
  Plan plan;
  plan.workers = 3;
  plan.hosts = 3;
  plan.slices = 60;
  plan.epochs = 20;
  plan.lease_time = 5ms;
  plan.faults.delay = 20ms;
  const Outcome apart = Simulate(plan);
  plan.epochs_a_round = 20;
  const Outcome together = Simulate(plan);
  ASSERT_TRUE(apart.completed && together.completed) << apart.problem << together.problem;
  EXPECT_EQ(apart.overlaps, 0u);
  EXPECT_GT(together.overlaps, 19u);
  EXPECT_LT(together.time, apart.time - 19 * 40ms);
}

TEST(Simulation, APauseLeavesOneEpochUnderWay) {
  std::uint64_t cuts = 0, overlaps = 0;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    Plan plan;
    plan.seed = seed;
    plan.workers = 3;
    plan.hosts = 3;
    plan.epochs = 5;
    plan.epochs_a_round = 5;
    plan.lease_time = 50ms;
    plan.cut = 0.3;
    plan.kill = seed % 2 == 0 ? 0.02 : 0;
    Check(plan);
    if (HasFatalFailure()) return;
    const Outcome outcome = Simulate(plan);
    cuts += outcome.cuts;
    overlaps += outcome.overlaps;
  }
  EXPECT_GT(cuts, 100u);
  EXPECT_GT(overlaps, 100u);
}

TEST(Simulation, HostsThatJoinLateAndLeaveTakeNoRowsWithThem) {
  std::uint64_t joined = 0, left = 0;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    Plan plan;
    plan.seed = seed;
    plan.workers = 2;
    plan.slices = 60;
    plan.epochs = 4;
    plan.epochs_a_round = 1 + static_cast<std::uint32_t>(seed % 4);
    plan.leave = 0.05;
    plan.late = 6;
    plan.faults.broken = 0.02;
    plan.faults.delay = 5ms;
    Check(plan);
    if (HasFatalFailure()) return;
    const Outcome outcome = Simulate(plan);
    joined += outcome.joined;
    left += outcome.left;
  }
  EXPECT_GT(joined, 300u);
  EXPECT_GT(left, 100u);
}

TEST(Simulation, ASlowNodeDoesNotHoldTheOthersUp) {
  Plan plan;
  plan.workers = 4;
  plan.slices = 200;
  plan.epochs = 1;
  const Duration plain = Simulate(plan).time;
  plan.pause = 0.02;
  const Outcome paused = Simulate(plan);
  EXPECT_TRUE(paused.completed) << paused.problem;
  EXPECT_LT(paused.time, plain + 90s);
}

TEST(Simulation, WorkersThatLeaveLeaveNothingUndone) {
  Plan plan;
  plan.workers = 6;
  plan.slices = 60;
  plan.leave = 0.01;
  plan.seed = 3;
  const Outcome outcome = Simulate(plan);
  ASSERT_TRUE(outcome.completed) << outcome.problem;
  for (const auto& epoch : outcome.epochs) EXPECT_EQ(epoch.positives, 7u * plan.slices);
}

}  // namespace
}  // namespace attune::sim
