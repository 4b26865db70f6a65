#include "scheduler/lease_board.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace attune::scheduler {
namespace {

LeaseReport Report(std::uint64_t positives) {
  return {positives, 0, positives, 1.0};
}

TEST(LeaseBoard, OneWorkerSeesTheOrderOfTheQueue) {
  LeaseBoard board(std::vector<LeaseBoard::Host>(20, 0), 3, 2);
  LeaseQueue queue(20, 3, 2);
  while (const auto slice = queue.Next()) EXPECT_EQ(board.Next(1, 0)->slice, *slice);
  EXPECT_FALSE(board.Next(1, 0));
  EXPECT_FALSE(board.complete());
}

TEST(LeaseBoard, GoesOnWithWhatIsLeftInTheSameOrder) {
  LeaseBoard whole(std::vector<LeaseBoard::Host>(9, 0), 3, 2);
  SlicesDone done;
  for (int n = 0; n < 4; ++n) {
    const auto lease = whole.Next(1, 0);
    EXPECT_TRUE(whole.Complete(1, lease->slice, 1, Report(n)));
  }
  done = whole.Done();
  ASSERT_EQ(done.size(), 4u);
  LeaseBoard rest(std::vector<LeaseBoard::Host>(9, 0), 3, 2, {}, done);
  LeaseQueue queue(9, 3, 2, done);
  EXPECT_EQ(rest.waiting(), 5u);
  EXPECT_EQ(rest.Total().positives, whole.Total().positives);
  while (const auto lease = whole.Next(1, 0)) {
    EXPECT_EQ(rest.Next(1, 0)->slice, lease->slice);
    EXPECT_EQ(queue.Next(), lease->slice);
    EXPECT_TRUE(rest.Complete(1, lease->slice, 1, Report(1)));
    queue.Complete(lease->slice, Report(1));
  }
  EXPECT_TRUE(rest.complete());
  EXPECT_TRUE(queue.AllComplete());
  EXPECT_EQ(queue.Total().positives, rest.Total().positives);
}

TEST(LeaseBoard, ClosedItHandsOutNothingAndIsIdleWhenAllIsBack) {
  LeaseBoard board({0, 0, 0}, 1, 1);
  const auto lease = board.Next(1, 0);
  EXPECT_FALSE(board.idle());
  board.Close();
  EXPECT_FALSE(board.Next(1, 0));
  EXPECT_TRUE(board.Complete(1, lease->slice, 1, Report(1)));
  EXPECT_TRUE(board.at_rest());
  EXPECT_FALSE(board.complete());
}

/// A board of two epochs, 5 and 6, whose slices are all held by worker 1 for the first of them.
class TwoEpochs : public ::testing::Test {
 protected:
  static constexpr std::uint32_t kSlices = 9;

  TwoEpochs() : board_(std::vector<LeaseBoard::Host>(kSlices, 0), 3, 5, {}, {}, 1) {
    while (const auto lease = board_.Next(1, 0)) held_.push_back(*lease);
  }
  void Complete(const LeaseBoard::Lease& lease) {
    EXPECT_TRUE(board_.Complete(1, lease.slice, lease.attempt, Report(1)));
  }

  LeaseBoard board_;
  std::vector<LeaseBoard::Lease> held_;
};

TEST_F(TwoEpochs, SlicesWaitForTheNextWhenTheyAreDone) {
  ASSERT_EQ(held_.size(), kSlices);
  EXPECT_TRUE(board_.goes_on());
  Complete(held_[4]);
  const auto next = board_.Next(1, 0);
  ASSERT_TRUE(next);
  EXPECT_EQ(next->slice, held_[4].slice);
  EXPECT_EQ(next->epoch, 6u);
  EXPECT_EQ(next->attempt, 2u);
  EXPECT_FALSE(board_.Next(1, 0));
  EXPECT_FALSE(
      board_.Complete(1, held_[4].slice, held_[4].attempt, Report(1)));  // a copy of the first report
  Complete(*next);
  EXPECT_FALSE(board_.Next(1, 0));  // it has no third
  EXPECT_EQ(board_.Total().positives, 1u);
  EXPECT_EQ(board_.TotalOfNext().positives, 1u);
  EXPECT_FALSE(board_.Advance());
}

TEST_F(TwoEpochs, EachHasItsSumAndItsOrder) {
  for (const auto& lease : held_) {
    EXPECT_EQ(lease.epoch, 5u);
    EXPECT_FALSE(board_.Advance());
    Complete(lease);
  }
  EXPECT_FALSE(board_.complete());
  EXPECT_EQ(board_.Advance()->positives, kSlices);
  EXPECT_EQ(board_.epoch(), 6u);
  EXPECT_TRUE(board_.Done().empty());
  LeaseQueue queue(kSlices, 3, 6);
  while (const auto slice = queue.Next()) {
    const auto lease = board_.Next(1, 0);
    ASSERT_TRUE(lease);
    EXPECT_EQ(lease->slice, *slice);
    EXPECT_EQ(lease->epoch, 6u);
    EXPECT_FALSE(board_.goes_on());
    Complete(*lease);
  }
  EXPECT_FALSE(board_.Advance());
  EXPECT_TRUE(board_.complete());
  EXPECT_EQ(board_.Total().positives, kSlices);
}

TEST_F(TwoEpochs, WhatWasDoneOfTheNextIsDoneWhenItBegins) {
  Complete(held_[0]);
  Complete(*board_.Next(1, 0));
  Complete(held_[1]);
  const auto across = board_.Next(1, 0);
  for (std::size_t n = 2; n < kSlices; ++n) Complete(held_[n]);
  EXPECT_EQ(board_.Advance()->positives, kSlices);
  EXPECT_EQ(board_.Done().size(), 1u);
  Complete(*across);
  EXPECT_EQ(board_.Done().size(), 2u);
  EXPECT_EQ(board_.waiting(), kSlices - 2);
}

TEST(LeaseBoard, LeasesOfAnEpochSayWhatClockWorkersHadAtTheEndOfTheOneBefore) {
  LeaseBoard board({0, 0}, 1, 1, {}, {}, 2);
  const auto fast = board.Next(1, 0), slow = board.Next(2, 0);
  EXPECT_EQ(fast->clock, 0u);
  EXPECT_TRUE(board.Complete(1, fast->slice, 1, Report(1), 30));
  const auto next = board.Next(1, 0);
  EXPECT_EQ(next->clock, 30u);
  EXPECT_TRUE(board.Complete(1, next->slice, 2, Report(1), 60));
  EXPECT_TRUE(board.Complete(2, slow->slice, 1, Report(1), 20));
  EXPECT_TRUE(board.Advance());
  const auto after = board.Next(2, 0);
  EXPECT_EQ(after->epoch, 2u);
  EXPECT_EQ(after->clock, 30u);
  EXPECT_EQ(board.Next(1, 0)->clock, 60u);  // of the third epoch
  EXPECT_TRUE(board.Complete(2, after->slice, 2, Report(1), 50));
  EXPECT_TRUE(board.Advance());
  EXPECT_EQ(board.Next(2, 0)->clock, 60u);
}

TEST_F(TwoEpochs, WhoDiesBeforeTheEndOfTheFirstIsReplacedFirst) {
  Complete(held_[0]);
  ASSERT_TRUE(board_.Next(2, 0));
  Complete(held_[1]);
  EXPECT_EQ(board_.Return(1), kSlices - 2);
  for (std::size_t n = 2; n < kSlices; ++n) EXPECT_EQ(board_.Next(2, 0)->epoch, 5u);
  EXPECT_EQ(board_.Next(2, 0)->epoch, 6u);
}

TEST_F(TwoEpochs, ClosedTheFirstEndsAloneIfNothingOfTheNextWasBegun) {
  Complete(held_[0]);
  board_.Close();
  EXPECT_FALSE(board_.Next(1, 0));
  EXPECT_FALSE(board_.at_rest());
  EXPECT_EQ(board_.Return(1), kSlices - 1);
  EXPECT_FALSE(board_.Next(1, 0));
  EXPECT_TRUE(board_.at_rest());
}

TEST_F(TwoEpochs, ClosedTheFirstIsCompletedIfSomeOfTheNextWasBegun) {
  Complete(held_[0]);
  Complete(*board_.Next(1, 0));
  board_.Close();
  EXPECT_EQ(board_.Return(1), kSlices - 1);
  EXPECT_FALSE(board_.at_rest());
  while (const auto lease = board_.Next(2, 0)) {
    EXPECT_EQ(lease->epoch, 5u);
    EXPECT_TRUE(board_.Complete(2, lease->slice, lease->attempt, Report(1)));
  }
  EXPECT_TRUE(board_.Advance());
  EXPECT_FALSE(board_.Next(2, 0));
  EXPECT_TRUE(board_.at_rest());
  EXPECT_EQ(board_.Done().size(), 1u);
}

TEST_F(TwoEpochs, SlicesOfBothAreBroughtElsewhereAndLost) {
  Complete(held_[0]);
  Complete(held_[1]);
  ASSERT_EQ(board_.Depart(0).size(), 2u);
  EXPECT_EQ(board_.waiting(), 0u);
  board_.Arrive(held_[0].slice, 1);
  EXPECT_EQ(board_.Next(2, 1)->home, 1u);
  EXPECT_EQ(board_.Return(1), kSlices - 2);
  EXPECT_EQ(board_.Lose(0), kSlices - 1);
  EXPECT_EQ(board_.waiting(), kSlices - 1);
  for (std::size_t n = 1; n < kSlices; ++n) EXPECT_EQ(board_.Next(2, 1)->home, LeaseBoard::kNowhere);
}

TEST(LeaseBoard, AHostsOwnSlicesComeFirst) {
  LeaseBoard board({0, 1, 0, 1, 0, 1}, 1, 1);
  std::set<std::uint32_t> own;
  for (int n = 0; n < 3; ++n) {
    const auto lease = board.Next(7, 1);
    EXPECT_EQ(lease->home, 1u);
    own.insert(lease->slice);
  }
  EXPECT_EQ(own, (std::set<std::uint32_t>{1, 3, 5}));
  const auto other = board.Next(7, 1);
  EXPECT_EQ(other->home, 0u);
  EXPECT_EQ(board.homes()[other->slice], 0u);
  EXPECT_TRUE(board.Complete(7, other->slice, 1, Report(1)));
  EXPECT_EQ(board.homes()[other->slice], 1u);
}

TEST(LeaseBoard, LeasesOfAWorkerThatIsGoneAreHandedOutAgain) {
  LeaseBoard board({0, 0}, 1, 1);
  const auto lost = board.Next(1, 0);
  const auto kept = board.Next(2, 0);
  EXPECT_EQ(board.Return(1), 1u);
  const auto again = board.Next(2, 0);
  EXPECT_EQ(again->slice, lost->slice);
  EXPECT_EQ(again->attempt, 2u);
  EXPECT_FALSE(board.Complete(1, lost->slice, lost->attempt, Report(5)));  // it comes back from the dead
  EXPECT_TRUE(board.Complete(2, again->slice, again->attempt, Report(5)));
  EXPECT_FALSE(board.Complete(2, again->slice, again->attempt, Report(5)));
  EXPECT_TRUE(board.Complete(2, kept->slice, kept->attempt, Report(7)));
  EXPECT_TRUE(board.complete());
  EXPECT_EQ(board.Total().positives, 12u);
}

TEST(LeaseBoard, AttemptsGoOnAfterAPauseInTheEpoch) {
  LeaseBoard paused({0}, 1, 1);
  EXPECT_EQ(paused.Next(1, 0)->attempt, 1u);
  paused.Close();
  paused.Return(1);
  LeaseBoard board({0}, 1, 1);
  board.GoOnFrom(paused);
  const auto again = board.Next(2, 0);
  EXPECT_EQ(again->attempt, 2u);
  EXPECT_FALSE(board.Complete(2, 0, 1, Report(5)));
  EXPECT_TRUE(board.Complete(2, 0, 2, Report(5)));
  LeaseBoard next({0}, 1, 2);
  next.GoOnFrom(board);
  EXPECT_EQ(next.Next(1, 0)->attempt, 1u);
}

TEST(LeaseBoard, SlicesWithoutHomeGoToWhoeverComesAndBeforeThoseOfOthers) {
  LeaseBoard board({LeaseBoard::kNowhere, 0, LeaseBoard::kNowhere}, 1, 1);
  EXPECT_EQ(board.Next(7, 1)->home, LeaseBoard::kNowhere);
  EXPECT_EQ(board.Next(7, 1)->home, LeaseBoard::kNowhere);
  EXPECT_EQ(board.Next(7, 1)->home, 0u);
}

TEST(LeaseBoard, SlicesOfALostHostAreNowhere) {
  LeaseBoard board({0, 0, 1}, 1, 1);
  EXPECT_EQ(board.Lose(0), 2u);
  EXPECT_EQ(board.waiting(), 3u);
  EXPECT_EQ(board.Next(1, 1)->home, 1u);
  EXPECT_EQ(board.Next(1, 1)->home, LeaseBoard::kNowhere);
  EXPECT_EQ(board.Next(1, 1)->home, LeaseBoard::kNowhere);
}

TEST(LeaseBoard, WhatNobodyHasIsRefused) {
  LeaseBoard board({0}, 1, 1);
  EXPECT_FALSE(board.Complete(1, 0, 1, Report(1)));
  EXPECT_FALSE(board.Complete(1, 99, 1, Report(1)));
  EXPECT_EQ(board.Return(5), 0u);
}

TEST(LeaseBoard, NoSlicesAreCompleteAtOnce) {
  EXPECT_TRUE(LeaseBoard({}, 1, 1).complete());
}

TEST(LeaseBoard, WhateverDiesEverySliceIsCountedOnce) {
  for (unsigned seed = 0; seed < 200; ++seed) {
    std::mt19937 generator(seed);
    const auto draws = [&] { return static_cast<std::uint32_t>(generator()); };
    const std::uint32_t slices = draws() % 40;
    const std::uint32_t hosts = 1 + draws() % 4;
    std::vector<LeaseBoard::Host> homes(slices);
    for (auto& home : homes) home = draws() % hosts;
    const std::uint32_t following = draws() % 4;
    LeaseBoard board(homes, seed, 1, {}, {}, following);
    std::vector<std::pair<LeaseBoard::Worker, LeaseBoard::Lease>> held;
    std::uint32_t ended = 0;
    for (int step = 0; !board.complete(); ++step) {
      ASSERT_LT(step, 100'000) << "seed " << seed;
      const LeaseBoard::Worker worker = draws() % 8;
      if (draws() % 3 != 0) {
        if (const auto lease = board.Next(worker, worker % hosts)) held.emplace_back(worker, *lease);
      } else if (draws() % 10 == 0) {
        board.Return(worker);
      } else if (!held.empty()) {
        const std::size_t at = draws() % held.size();
        board.Complete(held[at].first, held[at].second.slice, held[at].second.attempt, Report(1));
        held.erase(held.begin() + static_cast<std::ptrdiff_t>(at));
      }
      while (const auto total = board.Advance()) {
        ++ended;
        EXPECT_EQ(total->positives, slices) << "seed " << seed;
      }
    }
    EXPECT_EQ(board.Total().positives, slices) << "seed " << seed;
    EXPECT_EQ(ended, following) << "seed " << seed;
  }
}

TEST(LeaseBoard, SlicesThatMoveAreNotHandedOutUntilTheyHaveArrived) {
  LeaseBoard board({1, 1, 0}, 1, 1);
  const auto held = board.Next(7, 1);
  const auto moving = board.Depart(1);
  ASSERT_EQ(moving.size(), 1u);
  EXPECT_EQ(board.moving(), std::set<std::uint32_t>{moving[0]});
  EXPECT_EQ(board.Next(8, 0)->slice, 2u);
  EXPECT_FALSE(board.Next(8, 0));

  // A slice moves on through a new round.
  LeaseBoard next(board.homes(), 1, 2, board.moving());
  EXPECT_EQ(next.waiting(), 2u);
  next.Arrive(moving[0], 0);
  EXPECT_EQ(next.homes()[moving[0]], 0u);
  EXPECT_EQ(next.waiting(), 3u);

  EXPECT_TRUE(board.Complete(7, held->slice, 1, Report(1)));
  EXPECT_EQ(board.Depart(1), std::vector<std::uint32_t>{held->slice});  // trained already, but to be moved
  board.Arrive(held->slice, 0);
  EXPECT_FALSE(board.Next(8, 0));
  board.Arrive(moving[0], 0);
  EXPECT_EQ(board.Next(8, 0)->home, 0u);
}

TEST(LeaseBoard, SlicesThatAreLostOnTheWayHaveNoHome) {
  LeaseBoard board({1, 0}, 1, 1);
  ASSERT_EQ(board.Depart(1), std::vector<std::uint32_t>{0});
  EXPECT_EQ(board.Lose(1), 1u);
  board.Arrive(0, 0);  // too late
  EXPECT_EQ(board.homes()[0], LeaseBoard::kNowhere);
  EXPECT_EQ(board.waiting(), 2u);
}

}  // namespace
}  // namespace attune::scheduler
