#include "launch/cluster/host_sync.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <deque>
#include <memory>
#include <optional>
#include <utility>

namespace attune::launch {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kBase = std::uint64_t{1} << 32;
constexpr std::int64_t kBound = 256;
constexpr Index kItems = 4;

TrainingSpec Spec() {
  TrainingSpec spec;
  spec.model.dim = 16;
  spec.model.item_attention = model::ItemAttention::kNone;
  return spec;
}

/// Keeps what is sent until it is fetched.
class Outbox : public net::Transport {
 public:
  const net::Address& address() const override { return address_; }
  void Connect(net::NodeId, const net::Address&) override {}
  void Disconnect(net::NodeId) override {}
  bool Send(net::NodeId, const wire::Message& message) override {
    waiting_.push_back(message);
    return true;
  }
  std::optional<net::Received> Receive(std::chrono::milliseconds) override { return {}; }
  void Wake() override {}
  net::RefusedCounts refused() const override { return {}; }
  net::Traffic traffic() const override { return {}; }

  std::deque<wire::Message> Fetch() { return std::exchange(waiting_, {}); }
  bool BeginsRound() const {
    return std::any_of(waiting_.begin(), waiting_.end(), [](const wire::Message& message) {
      return wire::ParseSync(message).value().type == wire::SyncType::kUp;
    });
  }

 private:
  net::Address address_;
  std::deque<wire::Message> waiting_;
};

/// A host with one worker that owns half of the items, and has all.
struct Host {
  explicit Host(net::NodeId self) {
    HostSync::Options options;
    options.self = self;
    options.staleness = options.sync.bound = kBound;
    options.leaders = options.owners = {0, 1};
    options.replicated = {0, 1, 2, 3};
    options.working_hosts = 2;
    store.InitialiseItems(1);
    sync = std::make_unique<HostSync>(options, store, gate, outbox);
    gate.Open();
    sync->BeginEpoch(kBase);
    gate.Join(0, kBase);
  }

  const std::unique_ptr<worker::GateMemory> memory = std::make_unique<worker::GateMemory>();
  int told = 0;  ///< batches of which the worker has told
  worker::StalenessGate gate{*memory, 1, kBound, worker::StalenessGate::kAnyNumber, [this] { ++told; }};
  ps::ModelStore store{Spec(), 1, kItems};
  Outbox outbox;
  std::unique_ptr<HostSync> sync;
};

class HostSyncTest : public ::testing::Test {
 protected:
  HostSyncTest() {
    for (int n = 0; n < 9; ++n) Round();
  }

  /// Everything that was sent arrives, and what it leads to.
  void Deliver() {
    for (bool any = true; any;) {
      any = false;
      for (net::NodeId from : {0U, 1U}) {
        for (const wire::Message& message : hosts_[from].outbox.Fetch()) {
          any = true;
          hosts_[1 - from].sync->OnMessage(from, message, now_);
        }
      }
      for (Host& host : hosts_) host.sync->Proceed(now_);
    }
  }
  /// A batch of each worker, and a round of each host, which takes 100 ms, long after the last.
  void Round() {
    now_ += 2s;
    for (Host& host : hosts_) host.gate.Finish(0);
    for (Host& host : hosts_) host.sync->Proceed(now_);
    now_ += 100ms;
    Deliver();
  }
  /// @returns whether the host begins a round so much later
  bool BeginsRound(Host& host, std::chrono::milliseconds later) {
    now_ += later;
    host.sync->Proceed(now_);
    return host.outbox.BeginsRound();
  }

  /// Its worker has no lease any more, and tells.
  void Leaves(Host& host) {
    host.gate.Leave(0);
    host.sync->Proceed(now_);
  }

  /// @returns whether the second host, so far ahead, hears at once that nobody has worked on the first for 20
  /// ms
  bool HearsOfIdleness(std::int64_t batches_ahead) {
    Leaves(first_);
    EXPECT_FALSE(BeginsRound(first_, 20ms));
    for (std::int64_t n = 0; n < batches_ahead; ++n) second_.gate.Finish(0);
    second_.sync->RequestRound();
    EXPECT_TRUE(BeginsRound(second_, 10ms));
    Deliver();
    return second_.gate.visible() >= second_.gate.HostClock();
  }

  /// The first host works on, and the network thread sees it.
  void GetAhead(std::int64_t batches) {
    for (std::int64_t n = 0; n < batches; ++n) first_.gate.Finish(0);
    EXPECT_FALSE(BeginsRound(first_, 0ms));
  }
  /// @returns whether the first host joins a round that the second begins, so long after its own last
  bool JoinsAfter(std::chrono::milliseconds pause) {
    first_.gate.Finish(0);
    second_.sync->RequestRound();
    EXPECT_TRUE(BeginsRound(second_, pause));
    const std::uint64_t rounds = first_.sync->rounds();
    Deliver();
    return first_.sync->rounds() > rounds;
  }

  /// A round of each host, of which the first host's ends after 200 ms: its answer to the second is on its
  /// way. Then the first host's workers get as far as they may.
  /// @param comes  when the first hears of the second's
  /// @returns that answer
  std::deque<wire::Message> EndRoundOfFirst(std::chrono::milliseconds comes) {
    now_ += 2s;
    for (Host& host : hosts_) {
      host.gate.Finish(0);
      host.sync->Proceed(now_);
    }
    now_ += comes;
    for (const wire::Message& message : second_.outbox.Fetch()) first_.sync->OnMessage(1, message, now_);
    now_ += 200ms - comes;
    std::deque<wire::Message> kept;
    for (int times = 0; times < 4; ++times) {
      for (net::NodeId from : {0U, 1U}) {
        for (const wire::Message& message : hosts_[from].outbox.Fetch()) {
          const bool keep = from == 0 && wire::ParseSync(message).value().type == wire::SyncType::kDown;
          if (keep) kept.push_back(message);
          if (!keep) hosts_[1 - from].sync->OnMessage(from, message, now_);
        }
      }
      for (Host& host : hosts_) host.sync->Proceed(now_);
    }
    for (std::int64_t n = 0; n < kBound; ++n) first_.gate.Finish(0);
    return kept;
  }

  std::array<Host, 2> hosts_{Host(0), Host(1)};
  Host& first_ = hosts_[0];
  Host& second_ = hosts_[1];
  HostSync::Time now_ = std::chrono::steady_clock::now();
};

TEST_F(HostSyncTest, RoundsArePacedByWhatTheyTake) {
  EXPECT_EQ(first_.sync->rounds(), 9U);
  first_.gate.Finish(0);
  EXPECT_FALSE(BeginsRound(first_, 800ms));
  EXPECT_TRUE(BeginsRound(first_, 101ms));
}

TEST_F(HostSyncTest, AWorkerTellsWhenTheBoundAsksForARoundAndNotBefore) {
  first_.gate.Finish(0);  // nobody was slower
  EXPECT_FALSE(BeginsRound(first_, 0ms));
  first_.told = 0;
  for (; first_.told == 0 && first_.gate.HostClock() < kBase + 2 * kBound;) first_.gate.Finish(0);
  EXPECT_EQ(first_.gate.HostClock() - first_.gate.visible(), kBound - 1U);
  EXPECT_TRUE(BeginsRound(first_, 0ms));
}

TEST_F(HostSyncTest, AWorkerTellsOfEachBatchWhileAnotherWaits) {
  first_.gate.Finish(0);
  EXPECT_FALSE(BeginsRound(first_, 0ms));
  first_.memory->seat[0].waits.store(1 + first_.memory->moved.load());
  EXPECT_TRUE(BeginsRound(first_, 0ms));
  first_.told = 0;
  first_.gate.Finish(0);
  EXPECT_EQ(first_.told, 1);
}

TEST_F(HostSyncTest, ItIsLookedAtAgainWhenThePauseEnds) {
  first_.gate.Finish(0);
  EXPECT_FALSE(BeginsRound(first_, 1ms));
  EXPECT_EQ(first_.sync->NextLook(), now_ + 899ms);
  EXPECT_TRUE(BeginsRound(first_, 899ms));
}

TEST_F(HostSyncTest, ARoundIsLookedAtAnEighthOfTheLastLater) {
  first_.gate.Finish(0);
  EXPECT_TRUE(BeginsRound(first_, 900ms));
  EXPECT_EQ(first_.sync->NextLook(), now_ + 12500us);
}

TEST_F(HostSyncTest, IdlenessIsLookedAtWhenItCouldBeNews) {
  EXPECT_FALSE(BeginsRound(first_, 1ms));
  Leaves(first_);
  EXPECT_EQ(first_.sync->NextLook(), now_ + 5ms);
}

TEST_F(HostSyncTest, WhoLeavesLongAfterTheLastLookHasWorkedUntilNow) {
  for (std::int64_t n = 0; n < kBound / 2; ++n) second_.gate.Finish(0);
  second_.sync->RequestRound();
  ASSERT_TRUE(BeginsRound(second_, 10ms));
  Deliver();
  now_ += 50ms;
  Leaves(first_);
  EXPECT_FALSE(first_.outbox.BeginsRound());
  EXPECT_TRUE(BeginsRound(first_, 6ms)) << "then the other is to hear it";
}

TEST_F(HostSyncTest, OldClocksAreAsFarBehindAnEpochAsBehindTheLastBatchBeforeIt) {
  for (int n = 0; n < 10; ++n) first_.gate.Finish(0);
  first_.gate.Leave(0);  // and the network thread has not looked
  first_.sync->BeginEpoch(2 * kBase);
  EXPECT_EQ(first_.gate.visible(), 2 * kBase - 10);
}

TEST_F(HostSyncTest, ARoundThatIsToBeJoinedBeginsWithTheNextBatch) {
  for (int n = 0; n < 3; ++n) first_.gate.Finish(0);
  Round();
  ASSERT_LT(first_.gate.visible(), first_.gate.HostClock());
  second_.gate.Finish(0);
  second_.sync->RequestRound();
  ASSERT_TRUE(BeginsRound(second_, 500ms));
  for (const wire::Message& message : second_.outbox.Fetch()) first_.sync->OnMessage(1, message, now_);
  EXPECT_FALSE(BeginsRound(first_, 0ms)) << "it has nothing to bring";
  first_.told = 0;
  first_.gate.Finish(0);
  EXPECT_EQ(first_.told, 1);
  EXPECT_TRUE(BeginsRound(first_, 0ms));
}

TEST_F(HostSyncTest, ARequestedRoundIsLookedAtOnce) {
  first_.sync->RequestRound();
  EXPECT_LE(first_.sync->NextLook(), now_);
}

TEST_F(HostSyncTest, ARoundOfAnotherHostIsJoinedWhenHalfOfThePauseIsOver) {
  EXPECT_TRUE(JoinsAfter(451ms));
}

TEST_F(HostSyncTest, EarlierItIsNot) {
  EXPECT_FALSE(JoinsAfter(449ms));
}

TEST_F(HostSyncTest, WhoIsHalfTheBoundAheadJoinsEarlier) {
  GetAhead(kBound / 2);
  EXPECT_TRUE(JoinsAfter(26ms));
}

TEST_F(HostSyncTest, ButNotBeforeAQuarterOfTheLastRoundHasPassed) {
  GetAhead(kBound / 2);
  EXPECT_FALSE(JoinsAfter(24ms));
}

TEST_F(HostSyncTest, AWorkerWithoutLeaseForAMomentIsNoReasonForARound) {
  Leaves(first_);
  EXPECT_FALSE(BeginsRound(first_, 90ms));
  first_.gate.Join(0, kBase);
  EXPECT_FALSE(BeginsRound(first_, 20ms));
  Leaves(first_);
  EXPECT_FALSE(BeginsRound(first_, 20ms));
  EXPECT_TRUE(BeginsRound(first_, 90ms));
}

TEST_F(HostSyncTest, NobodyJoinsWhereNobodyWorks) {
  first_.gate.Finish(0);
  ASSERT_FALSE(BeginsRound(first_, 440ms));
  Leaves(first_);
  ASSERT_FALSE(BeginsRound(first_, 20ms));
  second_.gate.Finish(0);
  second_.sync->RequestRound();
  ASSERT_TRUE(BeginsRound(second_, 0ms));
  Deliver();
  first_.gate.Join(0, kBase);
  first_.gate.Finish(0);
  EXPECT_FALSE(BeginsRound(first_, 10ms));
}

TEST_F(HostSyncTest, WhoWorksAgainSaysSoAtOnce) {
  Leaves(first_);
  ASSERT_TRUE(BeginsRound(first_, 110ms));
  now_ += 10ms;
  Deliver();
  first_.gate.Join(0, kBase);
  EXPECT_TRUE(BeginsRound(first_, 1ms));
}

TEST_F(HostSyncTest, WhoIsHalfTheBoundAheadHearsThatNobodyWorksThere) {
  EXPECT_TRUE(HearsOfIdleness(kBound / 2));
}

TEST_F(HostSyncTest, WhoIsLessAheadNeedNotHearIt) {
  EXPECT_FALSE(HearsOfIdleness(kBound / 4));
}

TEST_F(HostSyncTest, RoundsWithoutPauseWaitUntilOthersLastIsAnswered) {
  const std::deque<wire::Message> answer = EndRoundOfFirst(10ms);
  ASSERT_FALSE(answer.empty());
  ASSERT_EQ(first_.sync->rounds(), 10U);
  EXPECT_FALSE(BeginsRound(first_, 10ms));
  for (const wire::Message& message : answer) second_.sync->OnMessage(0, message, now_);
  second_.sync->Proceed(now_);
  for (const wire::Message& message : second_.outbox.Fetch()) first_.sync->OnMessage(1, message, now_);
  EXPECT_TRUE(BeginsRound(first_, 0ms));
}

TEST_F(HostSyncTest, OthersAnswersAreWaitedForAsLongAsTheLastRoundTook) {
  ASSERT_FALSE(EndRoundOfFirst(10ms).empty());
  EXPECT_FALSE(BeginsRound(first_, 199ms));
  EXPECT_TRUE(BeginsRound(first_, 1ms));
}

TEST_F(HostSyncTest, WhatOthersBeganLateInTheLastRoundIsNotWaitedFor) {
  ASSERT_FALSE(EndRoundOfFirst(110ms).empty());
  EXPECT_TRUE(BeginsRound(first_, 0ms));
}

}  // namespace
}  // namespace attune::launch
