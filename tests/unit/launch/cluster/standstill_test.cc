#include "launch/cluster/standstill.h"

#include <gtest/gtest.h>

namespace attune::launch {
namespace {

using namespace std::chrono_literals;

class StandstillTest : public ::testing::Test {
 protected:
  /// What is told when `work` and `network` are as they are now, `later` than before.
  std::vector<std::string> Told(Standstill::Duration later) {
    now_ += later;
    std::vector<std::string> told;
    for (const auto& stuck : standstill_.Look(now_, {work_, network_})) told.push_back(stuck.what);
    return told;
  }
  using Names = std::vector<std::string>;

  Standstill standstill_{30s};
  Standstill::Concern work_{"work", true, 1};
  Standstill::Concern network_{"network", true, 1};
  Standstill::Time now_{1h};
};

TEST_F(StandstillTest, WhatDoesNotGetOnIsToldOnceAndAgainAfterTwiceTheTime) {
  std::vector<int> told_at;
  for (int second = 0; second <= 250; ++second) {
    ++network_.progress;
    if (!Told(second == 0 ? 0s : 1s).empty()) told_at.push_back(second);
  }
  EXPECT_EQ(told_at, (std::vector<int>{30, 60, 120, 240}));
}

TEST_F(StandstillTest, ProgressBeginsAllAnew) {
  Told(0s);
  Told(29s);
  ++work_.progress;
  ++network_.progress;
  EXPECT_EQ(Told(2s), Names{});
  EXPECT_EQ(Told(29s), Names{});
  EXPECT_EQ(Told(1s), (Names{"work", "network"}));
}

TEST_F(StandstillTest, WhoHasNothingToDoDoesNotStandStill) {
  Told(0s);
  work_.active = false;
  ++network_.progress;
  EXPECT_EQ(Told(100s), (Names{}));
  EXPECT_EQ(standstill_.Standing(now_, "work"), 0s);
  work_.active = true;
  ++network_.progress;
  EXPECT_EQ(Told(100s), (Names{})) << "it has just begun";
}

TEST_F(StandstillTest, AllThatStandsStillIsToldTogether) {
  Told(0s);
  Told(10s);
  ++network_.progress;
  EXPECT_EQ(Told(20s), Names{"work"});
  EXPECT_EQ(Told(10s), Names{});
  EXPECT_EQ(Told(20s), (Names{"work", "network"}));
  EXPECT_EQ(standstill_.Standing(now_, "work"), 60s);
}

TEST_F(StandstillTest, AProcessThatStoodStillItselfBlamesNobody) {
  Told(0s);
  now_ += 1h;
  standstill_.Forgive(now_);
  EXPECT_EQ(Told(0s), Names{});
  EXPECT_EQ(Told(29s), Names{});
  EXPECT_EQ(Told(1s), (Names{"work", "network"}));
}

}  // namespace
}  // namespace attune::launch
