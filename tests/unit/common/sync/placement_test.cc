#include "common/sync/placement.h"

#include <gtest/gtest.h>

#include <array>

namespace attune::sync {
namespace {

TEST(Placement, AHostHasWhatItOwnsAndWhatAllHave) {
  const ShardMap shards(10, {3, 8});  // items 0, 2, 4, … are of node 3
  const std::array<Index, 2> hottest = {7, 2};
  const Placement placement(shards, 3, hottest);
  EXPECT_EQ(placement.rows(), 6u);
  EXPECT_FALSE(placement.complete());
  const std::array<Index, 6> here = {0, 2, 4, 6, 7, 8};
  for (Index row = 0; row < here.size(); ++row) {
    EXPECT_EQ(placement.ItemOf(row), here[row]);
    EXPECT_EQ(placement.RowOf(here[row]), row);
  }
  for (const Index item : {1u, 3u, 5u, 9u}) EXPECT_EQ(placement.RowOf(item), kNoIndex);
}

TEST(Placement, AHostWithoutAServerHasTheHottestAlone) {
  const std::array<Index, 2> hottest = {7, 2};
  const Placement placement(ShardMap(10, {3}), std::nullopt, hottest);
  EXPECT_EQ(placement.rows(), 2u);
  EXPECT_EQ(placement.ItemOf(0), 2u);
}

TEST(Placement, WhoHasAllHasItemNInRowN) {
  const Placement placement(ShardMap(10, {3}), 3, {});
  EXPECT_TRUE(placement.complete());
  EXPECT_TRUE(placement.items_of_rows().empty());
  EXPECT_EQ(placement.RowOf(9), 9u);
  EXPECT_EQ(Placement(10).ItemOf(4), 4u);
}

}  // namespace
}  // namespace attune::sync
