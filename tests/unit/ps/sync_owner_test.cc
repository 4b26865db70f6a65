#include "ps/sync_owner.h"

#include <gtest/gtest.h>

namespace attune::ps {
namespace {

constexpr std::uint64_t Base(std::uint64_t epoch) {
  return epoch << 32;
}

/// The owner of two rows, whose own workers have done 100 batches of the first epoch.
class SyncOwnerTest : public ::testing::Test {
 protected:
  SyncOwnerTest() {
    memory_.Zeroed(2 * layout_.floats);
    view_ = {memory_.data(), 2, layout_};
    owner_.emplace(sync::ReplicatedRows(view_, {0, 1}), sync::Options());
    Begin(1, 0);
    owner_->SetOwnClock(Base(1) + 100);
  }

  void Begin(std::uint64_t epoch, std::uint64_t end) {
    clocks_.Begin(Base(epoch), end);
    owner_->BeginEpoch(clocks_);
  }
  /// A round of a client that adds nothing.
  void Hear(SyncOwner::Client client, std::uint64_t sequence, std::uint64_t clock) {
    wire::SyncHead head;
    head.sequence = sequence;
    head.last = true;
    head.clock = clock;
    const auto message = wire::ParseSync(wire::MakeSync(wire::SyncType::kUp, head));
    ASSERT_TRUE(message);
    owner_->OnMessage(client, *message, {});
  }

  const RecordLayout layout_{16, true, optim::Kind::kSgd};
  AlignedBuffer memory_;
  TableView view_;
  sync::EpochClocks clocks_;
  std::optional<SyncOwner> owner_;
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

TEST_F(SyncOwnerTest, OneThatIsRemovedHoldsNobodyUpAndIsRefused) {
  owner_->AddClient(3);
  owner_->RemoveClient(3);
  EXPECT_EQ(owner_->VisibleClock(), Base(1) + 100);
  Hear(3, 1, Base(1) + 7);
  EXPECT_EQ(owner_->refused(), 1u);
}

}  // namespace
}  // namespace attune::ps
