#include "launch/predict/cluster_model.h"

#include <gtest/gtest.h>

#include <cmath>

#include "launch/predict/touch.h"

namespace attune::predict {
namespace {

constexpr double kItems = 20'000;
constexpr Touch::Draws kDraws{1, 1, kItems};

/// Messages and rows that take no processor time, on a network that is not there.
Scenario Free(unsigned hosts) {
  Scenario scenario;
  scenario.hosts = hosts;
  scenario.threads = 2;
  scenario.cores = 4;
  scenario.costs.record_floats = 128;
  scenario.costs.triple_of_batch = 50e-6;
  scenario.triple = 1e-6;
  scenario.items = kItems;
  scenario.replicated = Touch(BinsOfPowerLaw(kItems, 0.9), kDraws);
  scenario.slices = 16 * hosts;
  scenario.slice_triples = 40'000;
  scenario.seconds = 0.6;
  scenario.rounds = 6;
  return scenario;
}

/// As a real machine would be, roughly.
Scenario Real(unsigned hosts) {
  Scenario scenario = Free(hosts);
  Costs& costs = scenario.costs;
  costs.theta_floats = 4000;
  costs.theta = 10e-6;
  costs.scan_row = costs.owner_scan_row = 30e-9;
  costs.send_row = costs.apply_row = costs.answer_row = costs.replace_row = 100e-9;
  costs.pull_row = costs.push_row = costs.visit_row = 150e-9;
  costs.send = {5e-6, 0.1e-9};
  costs.receive = {5e-6, 0.1e-9};
  costs.carry = {5e-6, 0.5e-9};
  costs.carry_encrypted = {10e-6, 1.5e-9};
  costs.hop = 30e-6;
  scenario.bandwidth = 1.25e9;
  scenario.latency = 50e-6;
  scenario.jitter = 0.05;
  return scenario;
}

double RateOf(const Scenario& scenario) {
  return RunModel(scenario).triples_per_second;
}

TEST(ClusterModel, OneHostDoesWhatWasCalibrated) {
  const Scenario scenario = Free(1);
  const double batch = 4096 * 1e-6 + 50e-6;
  // A slice of 40,000 has nine batches of 4,096 and a smaller one.
  const double slice = 40'000 * 1e-6 + 10 * 50e-6;
  ASSERT_GT(slice, 9 * batch);
  EXPECT_NEAR(RateOf(scenario) / (2 * 40'000 / slice), 1, 0.01);
}

TEST(ClusterModel, NothingThatCostsGivesLinearScaling) {
  const double alone = RateOf(Free(1));
  for (const unsigned hosts : {2u, 16u}) EXPECT_NEAR(RateOf(Free(hosts)) / (alone * hosts), 1, 0.01) << hosts;
}

TEST(ClusterModel, InfiniteBandwidthLeavesTheSerialParts) {
  Scenario scenario = Real(32);
  scenario.bandwidth = std::numeric_limits<double>::infinity();
  scenario.latency = 0;
  const Outcome outcome = RunModel(scenario);
  const double alone = RateOf(Real(1));
  EXPECT_EQ(outcome.busy.link_in, 0);
  EXPECT_GT(outcome.triples_per_second, 0.85 * 32 * alone);
  EXPECT_LT(outcome.triples_per_second, 1.01 * 32 * alone);
  // Θ's owner needs more time than a round of the others leaves: with 100 times the work it holds all back.
  scenario.costs.theta *= 10'000;
  scenario.staleness = 16;
  EXPECT_LT(RateOf(scenario), 0.7 * 32 * alone);
}

// Rounds that end sooner follow each other sooner, too, and take as much of the processors' time, or a little
// more.
TEST(ClusterModel, MoreBandwidthIsHardlySlower) {
  double before = 0;
  for (const double bandwidth : {3e6, 1e7, 3e7, 1e8, 1e9, 1e10}) {
    Scenario scenario = Real(8);
    scenario.bandwidth = bandwidth;
    scenario.staleness = 32;
    scenario.seconds = 4;
    const double rate = RateOf(scenario);
    EXPECT_GT(rate, 0.96 * before) << bandwidth;
    before = std::max(before, rate);
  }
}

TEST(ClusterModel, SlowLinksHoldWorkersAtTheGate) {
  Scenario scenario = Real(8);
  scenario.bandwidth = 3e6;
  scenario.staleness = 8;
  const Outcome outcome = RunModel(scenario);
  EXPECT_GT(outcome.gate_share, 0.3);
  EXPECT_GT(outcome.busy.link_in, 0.5);
}

TEST(ClusterModel, StalenessStaysWithinTheBound) {
  for (const std::int64_t bound : {0, 1, 8, 64}) {
    Scenario scenario = Real(5);
    scenario.staleness = bound;
    scenario.bandwidth = 2e7;
    const Outcome outcome = RunModel(scenario);
    EXPECT_LE(outcome.batches_behind_most, static_cast<double>(bound));
    EXPECT_GT(outcome.triples_per_second, 0) << bound;
  }
  Scenario unbound = Real(5);
  unbound.staleness = -1;
  unbound.bandwidth = 2e7;
  EXPECT_GT(RunModel(unbound).batches_behind_most, 8);
}

TEST(ClusterModel, SharesAreOfTheTimeThatCounts) {
  // Links of 1 MB/s: waits begin long before what counts, and last longer.
  for (const std::int64_t staleness : {0, 256}) {
    Scenario scenario = Real(16);
    scenario.bandwidth = 1e6;
    scenario.oversubscription = 4;
    scenario.staleness = staleness;
    scenario.seconds = 0.05;
    scenario.rounds = 1;
    const Outcome outcome = RunModel(scenario);
    EXPECT_LE(outcome.gate_share + outcome.rows_share + outcome.lease_share, 1 + 1e-9);
    EXPECT_GT(outcome.gate_share + outcome.rows_share + outcome.lease_share, 0.5);
    const Busy& busy = outcome.busy;
    for (const double share :
         {busy.workers, busy.network, busy.carrier, busy.scheduler, busy.link_in, busy.link_out, busy.core}) {
      EXPECT_LE(share, 1);
    }
  }
}

TEST(ClusterModel, EndsAfterSoManyEvents) {
  Scenario scenario = Real(8);
  scenario.events = 20'000;
  scenario.seconds = 1e5;
  EXPECT_LT(RunModel(scenario).events, 20'600u);  // it looks every 256 of them
}

TEST(ClusterModel, BatchesOfRoundHoldWorkersUntilRoundsAreLong) {
  Scenario scenario = Real(4);
  scenario.replicated = Touch(BinsOfPowerLaw(400, 0.9), {1, 1, 400});
  scenario.batches_of_round = 1;
  const Outcome held = RunModel(scenario);
  scenario.batches_of_round = 1000;
  EXPECT_LT(held.triples_per_second, RateOf(scenario));
  EXPECT_GT(held.gate_share, 0);
}

TEST(ClusterModel, HostsOfOneMachineShareItsCores) {
  Scenario scenario = Free(3);
  scenario.threads = 1;
  scenario.shared_cores = 2;
  Scenario alone = Free(1);
  alone.threads = 1;
  EXPECT_NEAR(RateOf(scenario) / (2 * RateOf(alone)), 1, 0.01);
}

TEST(ClusterModel, AHostThatStandsForSeveralIsAsGoodAsTheseThemselves) {
  // Where links hold all back it is not: groups are in lockstep, and that flatters (docs/predictions.md).
  Scenario scenario = Real(24);
  scenario.groups = 24;
  scenario.seconds = 3;
  const Outcome each = RunModel(scenario);
  scenario.groups = 8;
  const Outcome grouped = RunModel(scenario);
  EXPECT_NEAR(grouped.triples_per_second / each.triples_per_second, 1, 0.15);
  EXPECT_NEAR(grouped.bytes_per_triple / each.bytes_per_triple, 1, 0.3);
}

TEST(ClusterModel, TheSameScenarioHasTheSameOutcome) {
  const Outcome first = RunModel(Real(6)), second = RunModel(Real(6));
  EXPECT_EQ(first.triples_per_second, second.triples_per_second);
  EXPECT_EQ(first.events, second.events);
}

/// Two hosts of one thread whose links count alone: a round is its frame up and its frame down, and nothing
/// else.
TEST(ClusterModel, RoundOfTwoHostsTakesWhatItShould) {
  Scenario scenario = Free(2);
  scenario.threads = 1;
  scenario.encrypted = false;
  scenario.bandwidth = 1e8;
  scenario.latency = 0.002;
  scenario.costs.triple_of_batch = 0;
  const double items = 400;  // 200 of each owner: one frame
  scenario.items = items;
  scenario.replicated = Touch({{items, 1 / items}}, {1, 1, items});  // a batch touches all
  scenario.batches_of_round = 1e9;
  const Outcome outcome = RunModel(scenario);
  const double frame = (70 + 200 * 516 + 27) * 1514.0 / 1448 / 1e8;
  EXPECT_NEAR(outcome.round_seconds, 2 * (frame + 0.002), 0.0002);
}

TEST(ClusterModel, PulledRowsAreThoseThatBatchesTouch) {
  Scenario scenario = Real(4);
  const auto bins = BinsOfPowerLaw(kItems, 0.9);
  scenario.replicated = Touch();
  scenario.tail = Touch(bins, kDraws);
  const Outcome outcome = RunModel(scenario);
  // Each row comes and goes back; keys go, come back with the rows, and go again with the additions.
  const double full = scenario.tail.Distinct(4096) * 9, rest = scenario.tail.Distinct(40'000 - 9 * 4096);
  const double rows = 0.75 * (full + rest) / 40'000;
  EXPECT_NEAR(outcome.bytes_per_triple / (rows * (2 * 512 + 3 * 4)), 1, 0.05);
  EXPECT_GT(outcome.rows_share, 0);
}

TEST(Touch, CountsDifferentItems) {
  // One item with half of the positives, 1,000 with the rest; no negatives.
  const Touch touch({{1, 0.5}, {1000, 0.0005}}, {1, 0, 1001});
  EXPECT_DOUBLE_EQ(touch.items(), 1001);
  const double triples = 1024;
  const double expected = 1 - std::exp(-512.0) + 1000 * (1 - std::exp(-0.512));
  EXPECT_NEAR(touch.Distinct(triples), expected, 1e-9);
  EXPECT_NEAR(touch.Distinct(1e12), 1001, 1e-6);
  EXPECT_EQ(touch.Distinct(0), 0);
  EXPECT_GT(touch.Distinct(900), touch.Distinct(800));
}

TEST(Touch, PartsOfABinAddUp) {
  const auto bins = BinsOfPowerLaw(1e6, 0.9);
  const Touch all(bins, kDraws), first(FirstItems(bins, 12'345), kDraws),
      rest(ItemsAfter(bins, 12'345), kDraws);
  EXPECT_DOUBLE_EQ(first.items(), 12'345);
  EXPECT_DOUBLE_EQ(first.items() + rest.items(), 1e6);
  EXPECT_NEAR(first.Distinct(5000) + rest.Distinct(5000), all.Distinct(5000), 1e-6 * all.Distinct(5000));
}

TEST(Touch, BinsOfCountsAreTheCounts) {
  const std::vector<std::uint32_t> counts{5, 1, 0, 1, 3};
  const auto bins = BinsOfCounts(counts);
  ASSERT_EQ(bins.size(), 4u);
  EXPECT_DOUBLE_EQ(bins[0].share, 0.5);
  EXPECT_DOUBLE_EQ(bins[2].items, 2);
  EXPECT_DOUBLE_EQ(bins[2].share, 0.1);
  EXPECT_DOUBLE_EQ(bins[3].share, 0);
}

}  // namespace
}  // namespace attune::predict
