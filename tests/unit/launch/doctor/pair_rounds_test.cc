#include "launch/doctor/pair_rounds.h"

#include <gtest/gtest.h>

#include <set>

namespace attune::launch {
namespace {

TEST(RoundsOfPairs, EveryPairComesOnceAndARankOnceInARound) {
  for (const unsigned ranks : {1U, 2U, 3U, 9U, 10U, 11U, 64U, 65U}) {
    std::set<std::pair<unsigned, unsigned>> seen;
    for (const PairRound& round : RoundsOfPairs(ranks)) {
      std::set<unsigned> busy;
      for (const auto& pair : round) {
        EXPECT_LT(pair.first, pair.second);
        EXPECT_LT(pair.second, ranks);
        EXPECT_TRUE(seen.insert(pair).second) << pair.first << " " << pair.second;
        EXPECT_TRUE(busy.insert(pair.first).second && busy.insert(pair.second).second);
      }
    }
    EXPECT_EQ(seen.size(), std::size_t{ranks} * (ranks - 1) / 2) << ranks;
  }
}

TEST(RoundsOfPairs, ManyRanksNeedNoMoreRoundsThanPartners) {
  EXPECT_EQ(RoundsOfPairs(64).size(), 63U);
  EXPECT_EQ(RoundsOfPairs(65).size(), 65U);
}

}  // namespace
}  // namespace attune::launch
