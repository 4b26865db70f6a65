#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <set>

#include "common/data/synth/item_popularity.h"
#include "common/data/synth/power_law_counts.h"
#include "common/data/synth/power_law_log.h"
#include "common/data/synth/weighted_draw.h"

namespace attune::synth {
namespace {

std::uint64_t Sum(const std::vector<std::uint32_t>& counts) {
  return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}

TEST(PowerLawCounts, AddUpExactlyWithinTheBoundsWhateverTheShape) {
  for (const double exponent : {0.0, 0.3, 1.0, 2.5}) {
    for (const std::uint64_t total : {2'000ull, 2'001ull, 50'000ull, 99'999ull, 100'000ull}) {
      const auto counts = PowerLawCounts({1'000, total, exponent, 2, 100});
      EXPECT_EQ(Sum(counts), total) << exponent;
      EXPECT_GE(*std::min_element(counts.begin(), counts.end()), 2u);
      EXPECT_LE(*std::max_element(counts.begin(), counts.end()), 100u);
    }
  }
}

TEST(PowerLawCounts, FallAsThePowerOfTheRank) {
  const auto counts = PowerLawCounts({100'000, 5'000'000, 0.7, 1, 1'000'000});
  for (const std::size_t rank : {10u, 100u, 1'000u}) {
    const double slope = std::log(1.0 * counts[rank - 1] / counts[10 * rank - 1]) / std::log(10.0);
    EXPECT_NEAR(slope, 0.7, 0.02) << rank;
  }
}

TEST(PowerLawCounts, OneUserTakesAll) {
  EXPECT_EQ(PowerLawCounts({1, 7, 3, 1, 7}), std::vector<std::uint32_t>{7});
}

TEST(AliasTable, DrawsInProportionToPopularity) {
  const ItemPopularity popularity(50, 1.2, 3);
  const AliasTable table(popularity);
  constexpr int kDraws = 400'000;
  std::vector<int> counts(50, 0);
  Sequence draws(StreamOf(5, Draw::kHistory), 0);
  for (int n = 0; n < kDraws; ++n) ++counts[table(draws.DoubleWord())];
  double sum = 0;
  for (Index item = 0; item < 50; ++item) sum += std::exp(popularity.LogWeight(item));
  for (Index item = 0; item < 50; ++item) {
    const double p = std::exp(popularity.LogWeight(item)) / sum;
    EXPECT_NEAR(counts[item], kDraws * p, 6 * std::sqrt(kDraws * p)) << item;
  }
}

TEST(AliasTable, ASingleItemIsAlwaysDrawn) {
  const AliasTable table(ItemPopularity(1, 2, 1));
  EXPECT_EQ(table(0), 0u);
  EXPECT_EQ(table(~std::uint64_t{0}), 0u);
}

TEST(WeightedDraw, DrawsOneAfterAnotherInProportionToWhatIsLeft) {
  constexpr int kDraws = 60'000;
  std::array<int, 3> first{}, second_after_two{};
  Sequence draws(StreamOf(2, Draw::kHistory), 0);
  WeightedDraw draw;
  std::vector<Index> out;
  for (int n = 0; n < kDraws; ++n) {
    draw.Clear();
    out.clear();
    for (Index item = 0; item < 3; ++item) draw.Offer(item, std::log(item + 1.0), draws.Unit());
    draw.Take(2, out);
    ++first[out[0]];
    if (out[0] == 2) ++second_after_two[out[1]];
  }
  for (int item = 0; item < 3; ++item)
    EXPECT_NEAR(first.at(item), kDraws * (item + 1.0) / 6, 6 * std::sqrt(kDraws));
  EXPECT_NEAR(second_after_two[0], first[2] / 3.0, 6 * std::sqrt(kDraws));
  EXPECT_EQ(second_after_two[2], 0);
}

Options Small() {
  Options options;
  options.users = 500;
  options.items = 80;
  options.item_exponent = 1;
  options.power_law = {6'000, 0.6, 3};
  return options;
}

TEST(PowerLawLog, ItemsOfAUserAreDistinctAndAsManyAsSaid) {
  const PowerLawLog log(Small());
  const auto drawer = log.NewDrawer();
  UserLog user_log;
  EXPECT_EQ(std::accumulate(log.rows_of().begin(), log.rows_of().end(), 0u), 6'000u);
  for (Index user = 0; user < 500; ++user) {
    drawer->Draw(user, user_log);
    const std::set<Index> distinct(user_log.items.begin(), user_log.items.end());
    ASSERT_EQ(distinct.size(), log.rows_of()[user]);
    ASSERT_EQ(user_log.items.size(), distinct.size());
    ASSERT_LT(*distinct.rbegin(), 80u);
  }
}

TEST(PowerLawLog, AUserDoesNotDependOnWhoWasDrawnBefore) {
  const PowerLawLog log(Small());
  UserLog after_others, alone;
  const auto drawer = log.NewDrawer();
  for (Index user = 0; user <= 70; ++user) drawer->Draw(user, after_others);
  log.NewDrawer()->Draw(70, alone);
  EXPECT_EQ(after_others.items, alone.items);
}

TEST(PowerLawLog, EveryPairThereIsCanBeDrawn) {
  Options options = Small();
  options.item_exponent = 3;
  options.power_law.interactions = std::uint64_t{options.users} * options.items;
  const PowerLawLog log(options);
  UserLog user_log;
  log.NewDrawer()->Draw(3, user_log);
  std::sort(user_log.items.begin(), user_log.items.end());
  ASSERT_EQ(user_log.items.size(), 80u);
  for (Index item = 0; item < 80; ++item) EXPECT_EQ(user_log.items[item], item);
}

TEST(PowerLawLog, DrawsWithoutReplacementWhicheverWayItGoes) {
  // Two of four items. Repeats are so frequent that many users draw the second from the list of the rest.
  Options options = Small();
  options.users = 40'000;
  options.items = 4;
  options.item_exponent = 3;
  options.power_law = {80'000, 0, 2};
  const PowerLawLog log(options);
  std::array<double, 4> weight{}, counts{};
  for (Index item = 0; item < 4; ++item) weight[item] = std::exp(log.popularity().LogWeight(item));
  const double sum = std::accumulate(weight.begin(), weight.end(), 0.0);
  const auto drawer = log.NewDrawer();
  UserLog user_log;
  std::array<double, 4> first{};
  for (Index user = 0; user < options.users; ++user) {
    drawer->Draw(user, user_log);
    for (const Index item : user_log.items) ++counts[item];
    ++first[user_log.items[0]];
  }
  for (std::size_t item = 0; item < 4; ++item) {
    double included = weight[item] / sum;
    for (std::size_t other = 0; other < 4; ++other) {
      if (other != item) included += weight[other] / sum * weight[item] / (sum - weight[other]);
    }
    EXPECT_NEAR(counts[item] / options.users, included, 0.015) << item;
    // The order is shuffled: the popular ones do not come first.
    EXPECT_NEAR(first[item] / options.users, included / 2, 0.015) << item;
  }
}

TEST(PowerLawLog, PopularityFallsAsThePowerOfTheRankAndTheIndexSaysNothing) {
  Options options = Small();
  options.users = 20'000;
  options.items = 10'000;
  options.item_exponent = 0.8;
  options.power_law = {400'000, 0.3, 2};
  const PowerLawLog log(options);
  const auto drawer = log.NewDrawer();
  std::vector<std::pair<int, Index>> counts;
  for (Index item = 0; item < options.items; ++item) counts.emplace_back(0, item);
  UserLog user_log;
  for (Index user = 0; user < options.users; ++user) {
    drawer->Draw(user, user_log);
    for (const Index item : user_log.items) ++counts[item].first;
  }
  std::sort(counts.rbegin(), counts.rend());
  const auto mass = [&](std::size_t from, std::size_t to) {
    double sum = 0;
    for (std::size_t rank = from; rank < to; ++rank) sum += counts[rank].first;
    return sum / static_cast<double>(to - from);
  };
  // Means over ranks 20…40 and 1000…2000: 50 times further down.
  EXPECT_NEAR(std::log(mass(20, 40) / mass(1'000, 2'000)) / std::log(50.0), 0.8, 0.05);
  const auto low = std::count_if(counts.begin(), counts.begin() + 200,
                                 [](const auto& entry) { return entry.second < 5'000; });
  EXPECT_NEAR(static_cast<double>(low), 100, 36);  // five standard deviations
}

TEST(PowerLawLog, ActiveUsersAreAnywhereAmongTheIndices) {
  Options options = Small();
  options.users = 2'000;
  options.items = 5'000;
  options.power_law = {40'000, 1, 2};
  const PowerLawLog log(options);
  std::vector<std::uint32_t> sorted(log.rows_of().begin(), log.rows_of().end());
  std::sort(sorted.rbegin(), sorted.rend());
  std::uint32_t low = 0;
  for (Index user = 0; user < 1'000; ++user) low += log.rows_of()[user] >= sorted[200] ? 1 : 0;
  EXPECT_NEAR(low, 100, 36);
}

}  // namespace
}  // namespace attune::synth
