#include "common/sync/epoch_clocks.h"

#include <gtest/gtest.h>

namespace attune::sync {
namespace {

constexpr std::uint64_t Base(std::uint64_t epoch) {
  return epoch << 32;
}

TEST(EpochClocks, ClocksOfThisEpochAreThemselves) {
  EpochClocks clocks;
  clocks.Begin(Base(2), Base(1) + 50);
  EXPECT_EQ(clocks.Of(Base(2) + 7), Base(2) + 7);
}

TEST(EpochClocks, ClocksOfTheLastEpochAreAsFarBehindAsTheyWere) {
  EpochClocks clocks;
  clocks.Begin(Base(2), Base(1) + 50);
  EXPECT_EQ(clocks.Of(Base(1) + 45), Base(2) - 5);
  EXPECT_EQ(clocks.Of(Base(1) + 60), Base(2));
}

TEST(EpochClocks, WhoIsIdleInThisEpochHoldsNobodyUp) {
  EpochClocks clocks;
  clocks.Begin(Base(2), Base(1));
  EXPECT_EQ(clocks.Of(clocks.Idle()), wire::kNoClock);
  EpochClocks before;
  before.Begin(Base(1), 0);
  EXPECT_EQ(clocks.Of(before.Idle()), Base(2));  // idle in the last one: it may work in this
}

TEST(EpochClocks, WhoHasBegunNoEpochHoldsNobodyUpInAny) {
  const EpochClocks late;
  EpochClocks clocks;
  clocks.Begin(Base(9), Base(8) + 3);
  EXPECT_EQ(clocks.Of(late.Idle()), wire::kNoClock);
  // What it was told before its first epoch it understands when that begins.
  EpochClocks begun;
  begun.Begin(Base(9), Base(9));
  EXPECT_EQ(begun.AtBegin(late.Of(Base(9) + 100)), Base(9) + 100);
  EXPECT_EQ(begun.AtBegin(late.Of(clocks.Idle())), wire::kNoClock);
}

}  // namespace
}  // namespace attune::sync
