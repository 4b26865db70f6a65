#include "scheduler/coordinator.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <ranges>

namespace attune::scheduler {
namespace {

using namespace std::chrono_literals;

/// Nodes 0 and 1, and a round of one slice that node 1's second process has a lease of.
class CoordinatorTest : public ::testing::Test {
 protected:
  CoordinatorTest() : coordinator_(Options(), now_) {
    Say(0, 0, Registration(0, 0));
    Say(1, 4, Registration(1, 4));
    Say(1, 5, Registration(1, 5));
    coordinator_.Begin(wire::Work::kTrain, 1);
    Say(1, 5, wire::WantLease{1, 1});
    coordinator_.TakeOutgoing();
  }

  static Coordinator::Options Options() {
    Coordinator::Options options;
    options.membership.expected = 2;
    options.slices = 1;
    return options;
  }
  static wire::Register Registration(std::uint32_t node, std::uint32_t incarnation) {
    wire::Register registration;
    registration.node = node;
    registration.incarnation = incarnation;
    registration.host = "here";
    registration.endpoint = "tcp://127.0.0.1:" + std::to_string(4000 + incarnation);
    registration.works = node == 1;
    registration.leads = node == 0;
    registration.seats = 1;
    return registration;
  }
  void Say(std::uint32_t from, std::uint32_t incarnation, const wire::Control& what) {
    coordinator_.OnMessage(from, incarnation, what, now_);
  }
  wire::LeaseDone Done() const { return {1, 0, attempt_, 7, 0, 7, 1.5, {}}; }

  const Coordinator::Time now_{1h};
  const std::uint32_t attempt_ = 1;
  Coordinator coordinator_;
};

TEST_F(CoordinatorTest, WhatAnEarlierProcessOfANodeSaysIsCountedAndChangesNothing) {
  ASSERT_EQ(coordinator_.phase(), Coordinator::Phase::kWorking);
  const auto before = coordinator_.changes().ignored;
  Say(1, 4, Done());
  Say(1, 4, wire::Heartbeat{9, 9, 9, 9});
  Say(1, 4, wire::Leaving{"says so", true, true});
  Say(1, 4, Registration(1, 4));
  Say(1, 5, Registration(1, 4));
  Say(7, 0, Done());
  EXPECT_EQ(coordinator_.changes().ignored, before + 6);
  EXPECT_EQ(coordinator_.phase(), Coordinator::Phase::kWorking);
  EXPECT_EQ(coordinator_.members().Find(1)->info.incarnation, 5u);
  EXPECT_EQ(coordinator_.members().Find(1)->state, Membership::State::kAlive);
}

TEST_F(CoordinatorTest, ANewProcessThatSpeaksBeforeItHasRegisteredIsNotSentAway) {
  Say(1, 6, wire::RoundDone{1, {}});
  EXPECT_TRUE(coordinator_.TakeOutgoing().empty());
  Say(1, 6, Registration(1, 6));
  EXPECT_TRUE(std::ranges::any_of(coordinator_.TakeOutgoing(), [](const Coordinator::Outgoing& out) {
    const auto* answer = std::get_if<wire::Registered>(&out.what);
    return answer != nullptr && answer->incarnation == 6 && answer->refused.empty();
  }));
}

TEST_F(CoordinatorTest, ALeaseThatIsDoneTwiceCountsOnce) {
  Say(1, 5, Done());
  Say(1, 5, Done());
  EXPECT_EQ(coordinator_.phase(), Coordinator::Phase::kIdle);
  EXPECT_EQ(coordinator_.Total().triples, 7u);
  coordinator_.Begin(wire::Work::kTrain, 2);
  Say(1, 5, Done());  // of the round before
  EXPECT_EQ(coordinator_.Total().triples, 0u);
}

/// Two hosts, each with a first process that owns rows and one that follows.
class LivesTest : public ::testing::Test {
 protected:
  static Coordinator::Options Options() {
    Coordinator::Options options;
    options.membership.expected = 4;
    options.slices = 1;
    options.begins_again = true;
    options.changes.died = 3;
    return options;
  }
  static wire::Register Registration(std::uint32_t node, std::uint32_t incarnation) {
    wire::Register registration;
    registration.node = node;
    registration.incarnation = incarnation;
    registration.host = node < 2 ? "a" : "b";
    registration.endpoint = "tcp://127.0.0.1:4000";
    registration.works = registration.owns = true;
    registration.leads = node % 2 == 0;
    registration.seats = 1;
    return registration;
  }
  static void Register(Coordinator& coordinator, std::uint32_t node, std::uint32_t incarnation = 0) {
    coordinator.OnMessage(node, incarnation, Registration(node, incarnation), kStart);
  }
  static bool IsTold(Coordinator& coordinator) {
    const auto outgoing = coordinator.TakeOutgoing();
    return std::ranges::any_of(outgoing,
                               [](const auto& one) { return std::holds_alternative<wire::Stop>(one.what); });
  }

  static constexpr Coordinator::Time kStart{1h};
};

TEST_F(LivesTest, ANewFirstProcessOfAHostEndsTheLifeAndNobodyIsToldToEnd) {
  Coordinator coordinator(Options(), kStart);
  for (const std::uint32_t node : {0, 1, 2, 3}) Register(coordinator, node);
  coordinator.Begin(wire::Work::kTrain, 1);
  Register(coordinator, 3, 1);  // follows: its rows are its host's
  EXPECT_FALSE(coordinator.life_over());
  EXPECT_EQ(coordinator.changes().died, 4u);
  Register(coordinator, 2, 1);
  EXPECT_TRUE(coordinator.life_over());
  EXPECT_EQ(coordinator.phase(), Coordinator::Phase::kFailed);
  EXPECT_EQ(coordinator.changes().died, 5u);
  coordinator.OnMessage(1, 0, wire::Heartbeat{}, kStart);
  EXPECT_FALSE(IsTold(coordinator));
}

TEST_F(LivesTest, BeforeTheJobBeginsAFirstProcessMayBeReplaced) {
  Coordinator coordinator(Options(), kStart);
  Register(coordinator, 2);
  Register(coordinator, 2, 1);
  EXPECT_FALSE(coordinator.life_over());
  for (const std::uint32_t node : {0, 1, 3}) Register(coordinator, node);
  EXPECT_EQ(coordinator.phase(), Coordinator::Phase::kIdle);
}

TEST_F(LivesTest, AnOwnerThatIsSilentEndsTheLifeOrWithoutARunTheJob) {
  for (const bool begins_again : {true, false}) {
    auto options = Options();
    options.begins_again = begins_again;
    Coordinator coordinator(options, kStart);
    for (const std::uint32_t node : {0, 1, 2, 3}) Register(coordinator, node);
    coordinator.TakeOutgoing();
    for (const std::uint32_t node : {0, 1, 3})
      coordinator.OnMessage(node, 0, wire::Heartbeat{}, kStart + 10s);
    coordinator.Tick(kStart + 11s);
    EXPECT_EQ(coordinator.phase(), Coordinator::Phase::kFailed);
    EXPECT_EQ(coordinator.life_over(), begins_again);
    EXPECT_EQ(IsTold(coordinator), !begins_again);
    EXPECT_NE(coordinator.failure().find("was silent for too long"), std::string::npos);
  }
}

TEST_F(LivesTest, WhatEndsWhileTheJobEndsIsNotBegunAgain) {
  Coordinator coordinator(Options(), kStart);
  for (const std::uint32_t node : {0, 1, 2, 3}) Register(coordinator, node);
  coordinator.Stop("done", 0);
  Register(coordinator, 2, 1);
  coordinator.Tick(kStart + 11s);
  EXPECT_FALSE(coordinator.life_over());
  EXPECT_EQ(coordinator.phase(), Coordinator::Phase::kStopping);
}

TEST_F(LivesTest, ALaterLifeBeginsWithoutThoseThatOthersCanDoWithout) {
  auto options = Options();
  options.membership.begin_without_after = 20s;
  options.membership.needed = {0, 2};
  Coordinator coordinator(options, kStart);
  for (const std::uint32_t node : {0, 1}) Register(coordinator, node);
  const auto tick = [&](Coordinator::Time now) {
    for (const std::uint32_t node : {0, 1, 2}) coordinator.OnMessage(node, 0, wire::Heartbeat{}, now);
    coordinator.Tick(now);
  };
  tick(kStart + 21s);
  EXPECT_EQ(coordinator.phase(), Coordinator::Phase::kGathering);  // without 2 there are no rows
  coordinator.OnMessage(2, 0, Registration(2, 0), kStart + 22s);
  tick(kStart + 23s);
  EXPECT_EQ(coordinator.phase(), Coordinator::Phase::kIdle);
  EXPECT_EQ(coordinator.members().Find(3)->state, Membership::State::kLeft);
  Register(coordinator, 3, 1);  // it is late
  EXPECT_EQ(coordinator.members().Find(3)->state, Membership::State::kAlive);
}

}  // namespace
}  // namespace attune::scheduler
