#include "ps/sync_owner.h"

#include <gtest/gtest.h>

#include <set>

namespace attune::ps {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t Base(std::uint64_t epoch) {
  return epoch << 32;
}

/// The owner of two rows, whose own workers have done 100 batches of the first epoch.
class SyncOwnerTest : public ::testing::Test {
 protected:
  SyncOwnerTest() {
    memory_.Zeroed(2 * layout_.floats);
    view_ = {memory_.data(), 2, layout_};
    sync::Options options;
    options.bound = -1;
    owner_.emplace(sync::ReplicatedRows(view_, {0, 1}), options);
    Begin(1, 0);
    owner_->SetOwnClock(Base(1) + 100);
  }

  void Begin(std::uint64_t epoch, std::uint64_t end) {
    clocks_.Begin(Base(epoch), end);
    owner_->BeginEpoch(clocks_);
  }
  /// A frame of a client that adds nothing, and is a whole round if it is the last.
  void Hear(SyncOwner::Client client, std::uint64_t sequence, std::uint64_t clock, bool last = true) {
    wire::SyncHead head;
    head.sequence = sequence;
    head.last = last;
    head.clock = clock;
    const auto message = wire::ParseSync(wire::MakeSync(wire::SyncType::kUp, head));
    ASSERT_TRUE(message);
    owner_->OnMessage(client, *message, now_);
  }
  /// @returns clients that the owner answers now
  std::set<SyncOwner::Client> Answered() {
    std::set<SyncOwner::Client> clients;
    owner_->Pump(now_, [&](SyncOwner::Client client, const wire::Message& message) {
      if (wire::ParseSync(message).value().type == wire::SyncType::kDown) clients.insert(client);
      return true;
    });
    return clients;
  }
  bool Answers(SyncOwner::Client client) { return Answered().contains(client); }

  const RecordLayout layout_{16, true, optim::Kind::kSgd};
  AlignedBuffer memory_;
  TableView view_;
  sync::EpochClocks clocks_;
  std::optional<SyncOwner> owner_;
  sync::Time now_ = sync::Time{} + 1h;
};

TEST_F(SyncOwnerTest, AClientHoldsOthersUpUntilItIsHeard) {
  owner_->AddClient(3);
  Begin(2, Base(1) + 100);
  owner_->SetOwnClock(Base(2) + 10);
  EXPECT_LE(owner_->VisibleClock(), Base(2));
  Hear(3, 1, Base(2) + 7);
  EXPECT_EQ(owner_->VisibleClock(), Base(2) + 7);
}

TEST_F(SyncOwnerTest, OneThatJoinsLateHoldsNobodyUpBeforeItsWorkersBegin) {
  owner_->AddLateClient(3);
  EXPECT_EQ(owner_->VisibleClock(), Base(1) + 100);
  Begin(2, Base(1) + 100);
  owner_->SetOwnClock(Base(2) + 10);
  EXPECT_EQ(owner_->VisibleClock(), Base(2) + 10);
  // It asks for rows, before and in its first epoch: still without a clock, also in the next.
  Hear(3, 1, wire::kNoClock);
  Hear(3, 2, clocks_.Idle());
  Begin(3, Base(2) + 10);
  owner_->SetOwnClock(Base(3) + 10);
  EXPECT_EQ(owner_->VisibleClock(), Base(3) + 10);
  // Now it works, and counts like any other.
  Hear(3, 3, Base(3) + 4);
  EXPECT_EQ(owner_->VisibleClock(), Base(3) + 4);
  Begin(4, Base(3) + 10);
  owner_->SetOwnClock(Base(4) + 10);
  EXPECT_EQ(owner_->VisibleClock(), Base(4) - 6);
}

TEST_F(SyncOwnerTest, TheNewestClockIsThatOfTheFarthestClientThatWorks) {
  EXPECT_EQ(owner_->NewestClock(), 0U);
  owner_->AddClient(3);
  owner_->AddClient(4);
  owner_->AddClient(5);
  Hear(3, 1, Base(1) + 7);
  Hear(4, 1, Base(1) + 9);
  Hear(5, 1, clocks_.Idle());
  EXPECT_EQ(owner_->NewestClock(), Base(1) + 9);
}

TEST_F(SyncOwnerTest, ARoundBeginsWithItsFirstFrameIfAnybodyWorksThere) {
  owner_->AddClient(3);
  Hear(3, 1, clocks_.Idle(), false);
  Hear(3, 2, clocks_.Idle());
  EXPECT_LT(owner_->NewestRound(), now_);
  Hear(3, 3, Base(1) + 7, false);
  EXPECT_EQ(owner_->NewestRound(), now_);
  now_ += 5ms;
  Hear(3, 4, Base(1) + 7);
  EXPECT_EQ(owner_->NewestRound(), now_ - 5ms);
}

/// Two clients whose rounds overlap.
class SyncOwnerWithTwoClients : public SyncOwnerTest {
 protected:
  SyncOwnerWithTwoClients() {
    owner_->AddClient(3);
    owner_->AddClient(4);
    Hear(3, 1, Base(1) + 7, false);
    now_ += 10ms;
  }
  /// How long the first client's answer waits for the second's deltas, which do not go on.
  std::chrono::milliseconds WaitOfDeltasThatTook(std::chrono::milliseconds took) {
    Hear(4, 1, Base(1) + 9, false);
    now_ += took - 10ms;
    Hear(3, 2, Base(1) + 7);
    std::chrono::milliseconds wait = 0ms;
    for (; !Answers(3) && wait < 2min; wait += 1ms) now_ += 1ms;
    return wait;
  }
};

TEST_F(SyncOwnerWithTwoClients, AnAnswerWaitsForWhatIsOnItsWay) {
  Hear(4, 1, Base(1) + 9, false);
  now_ += 30ms;
  Hear(3, 2, Base(1) + 7);
  EXPECT_FALSE(Answers(3));
  now_ += 20ms;
  Hear(4, 2, Base(1) + 9);
  EXPECT_EQ(Answered(), (std::set<SyncOwner::Client>{3, 4}));
}

TEST_F(SyncOwnerWithTwoClients, NoLongerThanItsOwnDeltasTook) {
  EXPECT_EQ(WaitOfDeltasThatTook(40ms), 40ms);
}

TEST_F(SyncOwnerWithTwoClients, NorLongerThanALostFrameTakesToComeAgain) {
  EXPECT_EQ(WaitOfDeltasThatTook(1min), sync::Options().again);
}

TEST_F(SyncOwnerWithTwoClients, NotForWhatBeginsAfterItWasAskedFor) {
  Hear(3, 2, Base(1) + 7);
  EXPECT_TRUE(Answers(3));
  now_ += 1ms;
  Hear(3, 3, Base(1) + 8, false);
  now_ += 30ms;
  Hear(3, 4, Base(1) + 8);
  now_ += 1ms;
  Hear(4, 1, Base(1) + 9, false);
  EXPECT_TRUE(Answers(3));
}

TEST_F(SyncOwnerWithTwoClients, NotForOneThatIsGone) {
  Hear(4, 1, Base(1) + 9, false);
  now_ += 30ms;
  Hear(3, 2, Base(1) + 7);
  owner_->RemoveClient(4);
  EXPECT_TRUE(Answers(3));
}

TEST_F(SyncOwnerTest, OneThatIsRemovedHoldsNobodyUpAndIsRefused) {
  owner_->AddClient(3);
  owner_->RemoveClient(3);
  EXPECT_EQ(owner_->VisibleClock(), Base(1) + 100);
  Hear(3, 1, Base(1) + 7);
  EXPECT_EQ(owner_->refused(), 1u);
}

}  // namespace
}  // namespace attune::ps
