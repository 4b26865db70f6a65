#include "worker/lease_client.h"

#include <gtest/gtest.h>

#include <chrono>
#include <vector>

namespace attune::worker {
namespace {

using namespace std::chrono_literals;

/// A client that the scheduler has taken in, in the first round.
class Asking : public ::testing::Test {
 protected:
  explicit Asking(std::uint32_t threads = 2) : client_(OptionsOf(threads), now_) {
    Hear(wire::Registered{1, {}, 1});
    Hear(wire::BeginRound{1, wire::Work::kTrain, 1, 1});
  }

  static LeaseClient::Options OptionsOf(std::uint32_t threads) {
    LeaseClient::Options options;
    options.self.incarnation = 1;
    options.self.works = true;
    options.threads = threads;
    return options;
  }

  void Hear(const wire::Control& what) { client_.OnMessage(what, now_); }

  /// Numbers of the questions that it asks.
  std::vector<std::uint64_t> Questions() {
    std::vector<std::uint64_t> questions;
    for (const wire::Control& what : client_.TakeOutgoing()) {
      const auto* want = std::get_if<wire::WantLease>(&what);
      if (want == nullptr) continue;
      questions.push_back(want->request);
      ahead_ = want->ahead;
    }
    return questions;
  }

  void Answer(std::uint64_t request) {
    const auto slice = static_cast<std::uint32_t>(request);
    Hear(wire::Lease{1, slice, 1, std::nullopt, false, request});
  }

  void Finish() {
    const auto lease = client_.TakeLease();
    ASSERT_TRUE(lease);
    wire::LeaseDone done;
    done.round = 1;
    done.slice = lease->slice;
    done.attempt = lease->attempt;
    client_.Finished(done, now_);
  }

  using Numbers = std::vector<std::uint64_t>;
  LeaseClient::Time now_{};
  LeaseClient client_;
  std::uint32_t ahead_ = 0;  ///< that it has said last
};

TEST_F(Asking, ForALeaseOfEachThreadAndOneMore) {
  EXPECT_EQ(Questions(), (Numbers{1, 2, 3}));
  for (const std::uint64_t request : {1, 2, 3}) Answer(request);
  EXPECT_EQ(Questions(), Numbers{});
  Finish();
  EXPECT_EQ(Questions(), (Numbers{4}));
}

TEST_F(Asking, ForMoreWhereLeasesEndFasterThanAnswersCome) {
  for (const std::uint64_t request : Questions()) Answer(request);
  std::uint64_t held = 3;
  for (int n = 0; n < 20; ++n) {  // a lease ends every 10 ms, and an answer takes 40 ms
    now_ += 10ms;
    Finish();
    now_ += 40ms;
    const auto asked = Questions();
    held += asked.size() - 1;
    for (const std::uint64_t request : asked) Answer(request);
    now_ -= 40ms;
  }
  EXPECT_EQ(ahead_, 4u);
  EXPECT_EQ(held, 2u + 1 + 4);
}

class AskingForMany : public Asking {
 protected:
  AskingForMany() : Asking(20) {}
};

TEST_F(AskingForMany, ForNoMoreAfterItHadToWaitForALease) {
  for (const std::uint64_t request : Questions()) {
    request == 1 ? Answer(request) : Hear(wire::NoLease{1, request, true});
  }
  Finish();
  now_ += 900ms;  // it has none: one of its questions is not answered before a slice waits
  for (const std::uint64_t request : Questions()) Answer(request);
  for (int n = 0; n < 20; ++n) {
    now_ += 10ms;
    Finish();
  }
  EXPECT_FALSE(Questions().empty());
  EXPECT_EQ(ahead_, 0u);
}

TEST_F(Asking, AgainByTheSameNumberWhatWasNotAnswered) {
  Questions();
  Answer(1);
  Answer(3);
  now_ += 2s;
  client_.Tick(now_);
  EXPECT_EQ(Questions(), (Numbers{2}));
}

TEST_F(Asking, WhenALeaseIsDoneIfTheLastAreKeptForOthers) {
  Questions();
  Answer(1);
  Answer(2);
  Hear(wire::NoLease{1, 3, true});
  EXPECT_EQ(Questions(), Numbers{});
  Finish();
  EXPECT_FALSE(Questions().empty());
}

TEST_F(Asking, AtOnceIfALeaseWasDoneBeforeTheAnswerCame) {
  Questions();
  Answer(1);
  Finish();
  Questions();
  Hear(wire::NoLease{1, 2, true});  // it was asked before
  EXPECT_FALSE(Questions().empty());
}

TEST_F(Asking, LaterIfNoneWaits) {
  Questions();
  Answer(1);
  Hear(wire::NoLease{1, 2});
  Hear(wire::NoLease{1, 3});
  Finish();
  EXPECT_EQ(Questions(), Numbers{});
  now_ += 2s;
  client_.Tick(now_);
  EXPECT_FALSE(Questions().empty());
}

TEST_F(Asking, NeverForMoreAtOnceThanAnswersAreKept) {
  LeaseClient client(OptionsOf(10'000), now_);
  client.OnMessage(wire::Registered{1, {}, 1}, now_);
  client.OnMessage(wire::BeginRound{1, wire::Work::kTrain, 1, 1}, now_);
  std::uint64_t newest = 0;
  for (const wire::Control& what : client.TakeOutgoing()) {
    if (const auto* want = std::get_if<wire::WantLease>(&what)) newest = want->request;
  }
  EXPECT_LE(newest, wire::kMostQuestions);
  EXPECT_GE(newest, wire::kMostQuestions / 2);
}

TEST_F(Asking, IgnoresAnswersOfOtherRoundsAndToNoQuestion) {
  Questions();
  Hear(wire::Lease{7, 1, 1, std::nullopt, false, 1});
  Hear(wire::Lease{1, 1, 1, std::nullopt, false, 99});
  EXPECT_FALSE(client_.TakeLease());
  Answer(1);
  Answer(1);  // a copy
  EXPECT_TRUE(client_.TakeLease());
  EXPECT_FALSE(client_.TakeLease());
}

TEST(LeaseClient, OneThatWantsToLeaveWaitsForASchedulerThatStandsStillAsOthersDo) {
  LeaseClient::Time now{};
  LeaseClient client({}, now);
  client.Leave("was asked to", now);
  client.Tick(now + 119s);
  EXPECT_FALSE(client.ended());
  client.Tick(now + 121s);
  EXPECT_EQ(client.state(), LeaseClient::State::kLost);
}

TEST(LeaseClient, SilenceInWhichItStoodStillItselfIsForgiven) {
  LeaseClient::Time now{};
  LeaseClient client({}, now);
  now += 200s;
  client.Forgive(200s);
  client.Tick(now);
  EXPECT_FALSE(client.ended());
  client.Tick(now + 121s);
  EXPECT_EQ(client.state(), LeaseClient::State::kLost);
}

TEST(LeaseClient, ASchedulerThatSaysWaitIsNotGivenUp) {
  LeaseClient::Time now{};
  LeaseClient client({}, now);
  for (int n = 0; n < 10; ++n) {
    now += 60s;
    client.OnMessage(wire::Wait{}, now);
    client.Tick(now);
  }
  EXPECT_EQ(client.state(), LeaseClient::State::kRegistering);
}

TEST(LeaseClient, OnlyALaterLifeEndsIt) {
  LeaseClient::Options options;
  options.life = 2;
  LeaseClient client(options, {});
  for (const std::uint32_t life : {1, 2}) client.OnMessage(wire::NextLife{life, ""}, {});
  EXPECT_FALSE(client.ended());
  client.OnMessage(wire::NextLife{3, "run/checkpoints/00000003"}, {});
  ASSERT_TRUE(client.next_life());
  EXPECT_EQ(client.next_life()->life, 3u);
}

TEST_F(Asking, OneThatWasDeclaredDeadSaysSo) {
  EXPECT_FALSE(client_.declared_dead());
  Hear(wire::Registered{2, "incarnation 1 of node 0 was declared dead", 1});
  EXPECT_EQ(client_.state(), LeaseClient::State::kLost);
  EXPECT_TRUE(client_.declared_dead());
}

}  // namespace
}  // namespace attune::worker
