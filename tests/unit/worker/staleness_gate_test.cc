#include "worker/staleness_gate.h"

#include <gtest/gtest.h>

#include <memory>
#include <thread>

#include "common/error.h"

namespace attune::worker {
namespace {

using namespace std::chrono_literals;

class StalenessGateTest : public ::testing::Test {
 protected:
  StalenessGate Gate(std::int64_t bound, std::uint64_t batches_of_round = StalenessGate::kAnyNumber) {
    return {*memory_, 4, bound, batches_of_round, [this] { ++advanced_; }};
  }
  /// Batches that a seat can do before it would wait.
  int Batches(StalenessGate& gate, std::size_t seat) {
    const std::atomic<bool> stop{true};
    int batches = 0;
    for (; batches < 1000 && gate.Enter(seat, stop); ++batches) gate.Finish(seat);
    return batches;
  }

  const std::unique_ptr<GateMemory> memory_ = std::make_unique<GateMemory>();
  std::atomic<int> advanced_{0};
  std::atomic<bool> stop_{false};
};

TEST_F(StalenessGateTest, AWorkerMayBeSoManyBatchesAheadAndNoMore) {
  StalenessGate gate = Gate(2);
  gate.SetVisible(10);
  gate.Join(0, 10);
  for (int n = 0; n < 3; ++n) {
    ASSERT_TRUE(gate.Enter(0, stop_));
    gate.Finish(0);
  }
  stop_ = true;  // it would wait
  EXPECT_FALSE(gate.Enter(0, stop_));
  gate.SetVisible(11);
  EXPECT_TRUE(gate.Enter(0, stop_));
  EXPECT_GE(advanced_.load(), 3);
}

TEST_F(StalenessGateTest, AWorkerTellsFromTheClockThatIsAskedFor) {
  StalenessGate gate = Gate(-1);
  gate.Join(0, 0);
  EXPECT_EQ(advanced_.load(), 1);
  gate.Finish(0);
  EXPECT_EQ(advanced_.load(), 2);
  gate.TellFrom(3);
  gate.Finish(0);
  EXPECT_EQ(advanced_.load(), 2);
  gate.Finish(0);
  EXPECT_EQ(advanced_.load(), 3);
  gate.TellFrom(wire::kNoClock);
  gate.Finish(0);
  EXPECT_EQ(advanced_.load(), 3);
  gate.Leave(0);
  EXPECT_EQ(advanced_.load(), 4);
  gate.Join(1, 2);
  EXPECT_EQ(gate.FarthestClock(), 4u);
}

TEST_F(StalenessGateTest, WhoWaitsGoesOnWhenOthersHaveMoved) {
  StalenessGate gate = Gate(0);
  gate.Join(0, 0);
  ASSERT_TRUE(gate.Enter(0, stop_));
  gate.Finish(0);
  std::thread waits([&] { EXPECT_TRUE(gate.Enter(0, stop_)); });
  while (!gate.AnybodyWaits()) std::this_thread::yield();
  gate.SetVisible(1);
  waits.join();
  EXPECT_FALSE(gate.AnybodyWaits());
}

TEST_F(StalenessGateTest, WhoTrainsFewerSlicesIsAPartOfTheBoundBehindTheOthers) {
  EXPECT_EQ(Gate(512).ClockAfter(1000), 872u);
  EXPECT_EQ(Gate(512).ClockAfter(100), 0u);
  EXPECT_EQ(Gate(0).ClockAfter(100), 100u);
  EXPECT_EQ(Gate(-1).ClockAfter(100), 100u);
}

/// Otherwise a host would begin a round of the exchange for a worker that needs none.
TEST_F(StalenessGateTest, WhoseWaitIsOverDoesNotWaitBeforeItHasWoken) {
  StalenessGate gate = Gate(0);
  gate.Join(0, 0);
  std::thread works([&] {
    while (gate.Enter(0, stop_)) gate.Finish(0);
  });
  for (std::uint64_t visible = 1; visible <= 200; ++visible) {
    while (!gate.AnybodyWaits()) std::this_thread::yield();
    gate.SetVisible(visible);
    // It has not woken, or trains, or waits for the next batch of the others.
    EXPECT_TRUE(!gate.AnybodyWaits() || gate.ClockOf(0) == visible + 1);
  }
  stop_ = true;
  works.join();
}

TEST_F(StalenessGateTest, WithoutABoundNobodyWaits) {
  StalenessGate gate = Gate(-1);
  gate.Join(0, 0);
  for (int n = 0; n < 1000; ++n) {
    ASSERT_TRUE(gate.Enter(0, stop_));
    gate.Finish(0);
  }
}

TEST_F(StalenessGateTest, OnRowsOfOneRoundSoManyBatchesBegin) {
  StalenessGate gate = Gate(-1, 3);
  gate.Join(0, 100);
  EXPECT_EQ(Batches(gate, 0), 3);
  // Rows of a round that ended are as old as its beginning, which was at the end of the one before.
  gate.EndRound();
  EXPECT_EQ(Batches(gate, 0), 0);
  gate.EndRound();
  EXPECT_EQ(Batches(gate, 0), 3);
  // A new lease, or an epoch with clocks of its own, changes nothing.
  gate.Leave(0);
  gate.Join(0, 1000);
  EXPECT_EQ(Batches(gate, 0), 0);
}

TEST_F(StalenessGateTest, NobodyWaitsForARoundThatTakesLong) {
  StalenessGate gate = Gate(-1, 3);
  gate.Join(0, 0);
  EXPECT_EQ(Batches(gate, 0), 3);
  gate.SetLate(true);
  EXPECT_EQ(Batches(gate, 0), 1000);
  gate.SetLate(false);
  EXPECT_EQ(Batches(gate, 0), 0);
}

TEST_F(StalenessGateTest, TheHostIsAsFarAsItsSlowestThatWorks) {
  StalenessGate gate = Gate(8);
  EXPECT_EQ(gate.HostClock(), wire::kNoClock);
  gate.Join(0, 5);
  gate.Join(1, 5);
  gate.Finish(0);
  EXPECT_EQ(gate.HostClock(), 5u);
  gate.Leave(1);
  EXPECT_EQ(gate.HostClock(), 6u);
  gate.Leave(0);
  EXPECT_EQ(gate.HostClock(), wire::kNoClock);
}

TEST_F(StalenessGateTest, WhoJoinsLateHoldsNobodyUp) {
  StalenessGate gate = Gate(8);
  gate.SetVisible(100);
  gate.Join(0, 5);
  EXPECT_EQ(gate.HostClock(), 100u);
}

TEST_F(StalenessGateTest, SeatsOfAProcessThatIsGoneHoldNobodyUp) {
  StalenessGate gate = Gate(2);
  gate.Join(1, 5);
  gate.Join(2, 7);
  EXPECT_EQ(gate.HostClock(), 5u);
  gate.Vacate(1, 1);
  EXPECT_EQ(gate.HostClock(), 7u);
}

TEST_F(StalenessGateTest, SeatsOfAProcessThatComesLaterCount) {
  StalenessGate first = Gate(2);
  first.Join(0, 9);
  StalenessGate later(*memory_, 6, 2);
  later.Join(5, 3);
  EXPECT_EQ(first.HostClock(), 3u);
}

TEST_F(StalenessGateTest, IsOpenForAllProcessesOnceItIsOpened) {
  StalenessGate gate = Gate(2), other = Gate(2);
  EXPECT_FALSE(gate.open());
  other.Open();
  EXPECT_TRUE(gate.open());
}

TEST_F(StalenessGateTest, MoreThreadsThanSeatsAreRefused) {
  EXPECT_THROW(StalenessGate(*memory_, GateMemory::kSeats + 1, 2), Error);
}

}  // namespace
}  // namespace attune::worker
