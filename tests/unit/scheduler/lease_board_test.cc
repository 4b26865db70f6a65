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
  EXPECT_TRUE(board.idle());
  EXPECT_FALSE(board.complete());
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
    LeaseBoard board(homes, seed, 1);
    std::vector<std::pair<LeaseBoard::Worker, LeaseBoard::Lease>> held;
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
    }
    EXPECT_EQ(board.Total().positives, slices) << "seed " << seed;
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
