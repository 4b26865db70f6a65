#include "scheduler/coordinator.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
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

TEST_F(CoordinatorTest, WhoLooksAroundSeesAllProcessesAndWhatTheyHaveTold) {
  wire::Heartbeat heartbeat{0, 900, 1, 9};
  heartbeat.counters.bytes_sent = 50;
  heartbeat.counters.private_memory = 7;
  Say(1, 5, heartbeat);
  heartbeat.counters.bytes_sent = 40;  // said before, comes after
  Say(1, 5, heartbeat);
  Say(0, 0, wire::RoundDone{0, {.bytes_sent = 3}});
  Survey survey = coordinator_.LookAround(now_ + 2s);
  ASSERT_EQ(survey.processes.size(), 2u);
  EXPECT_EQ(survey.processes[1].incarnation, 5u);
  EXPECT_EQ(survey.processes[1].triples, 900u);
  EXPECT_EQ(survey.processes[1].leases, 1u);
  EXPECT_EQ(survey.processes[1].memory, 7u);
  EXPECT_EQ(survey.processes[1].silent_seconds, 2);
  EXPECT_EQ(survey.counters.bytes_sent, 53u);
  EXPECT_EQ(survey.epoch, 1u);
  EXPECT_EQ(survey.leases, 1u);
  EXPECT_EQ(survey.leases_out, 1u);
  EXPECT_EQ(survey.leases_done, 0u);
  EXPECT_EQ(survey.changes.died, 1u);
  EXPECT_EQ(survey.counters.private_memory, 7u);
  coordinator_.Tick(now_ + 1h);  // all are silent
  survey = coordinator_.LookAround(now_ + 1h);
  EXPECT_EQ(survey.processes[1].state, Survey::State::kDead);
  EXPECT_EQ(survey.processes[1].silent_seconds, 0);
  EXPECT_EQ(survey.counters.private_memory, 0u) << "of processes that have ended";
  EXPECT_EQ(survey.counters.bytes_sent, 53u);
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

TEST_F(CoordinatorTest, AHeartbeatIsAnsweredAlsoWhenThereIsNothingToSay) {
  Say(1, 5, Done());
  ASSERT_EQ(coordinator_.phase(), Coordinator::Phase::kIdle);
  coordinator_.TakeOutgoing();
  Say(1, 5, wire::Heartbeat{0, 7, 1, coordinator_.members().generation()});
  const auto outgoing = coordinator_.TakeOutgoing();
  ASSERT_EQ(outgoing.size(), 1u);
  EXPECT_EQ(outgoing[0].to, 1u);
  const auto* answer = std::get_if<wire::Registered>(&outgoing[0].what);
  ASSERT_NE(answer, nullptr);
  EXPECT_EQ(answer->incarnation, 5u);
  EXPECT_EQ(answer->refused, "");
}

TEST_F(CoordinatorTest, ItsStandingNamesWhoHasWhat) {
  RoundStanding standing = coordinator_.Standing(now_ + 3s);
  EXPECT_TRUE(standing.under_way);
  EXPECT_EQ(standing.parts, 1u);
  EXPECT_EQ(standing.done, 0u);
  EXPECT_EQ(standing.out, 1u);
  ASSERT_EQ(standing.nodes.size(), 1u);
  EXPECT_EQ(standing.nodes[0].node, 1u);
  EXPECT_EQ(standing.nodes[0].leases, 1u);
  EXPECT_EQ(standing.nodes[0].silent, 3s);
  const auto lines = InWords(standing);
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0], "round 1 (train, epoch 1): 0 of 1 leases are done, 1 are out");
  EXPECT_EQ(lines[1], "node 1, : has 1 lease; heard 3.0 s ago");

  const std::uint64_t before = standing.Progress();
  Say(1, 5, wire::Heartbeat{0, 3, 1, 9});
  EXPECT_NE(coordinator_.Standing(now_).Progress(), before)
      << "triples of a lease that is not done count, too";
  Say(1, 5, Done());
  standing = coordinator_.Standing(now_);
  EXPECT_FALSE(standing.under_way);
  EXPECT_TRUE(standing.nodes.empty());
}

TEST_F(CoordinatorTest, ItsStandingNamesWhoOwesARoundOrAPartOfACheckpoint) {
  Say(1, 5, Done());
  coordinator_.Begin(wire::Work::kSnapshot, 4);
  Say(0, 0, wire::RoundDone{2});
  auto standing = coordinator_.Standing(now_);
  EXPECT_EQ(standing.parts, 2u);
  EXPECT_EQ(standing.done, 1u);
  ASSERT_EQ(standing.nodes.size(), 2u);
  EXPECT_FALSE(standing.nodes[0].owes_round);
  EXPECT_TRUE(standing.nodes[0].owes_snapshot);
  EXPECT_TRUE(standing.nodes[1].owes_round);
  EXPECT_FALSE(standing.nodes[1].owes_snapshot) << "it leads no host";
  EXPECT_EQ(InWords(standing)[1], "node 0, : has not written its part of checkpoint 4; heard 0.0 s ago");

  Say(1, 5, wire::RoundDone{2});
  Say(0, 0, wire::Heartbeat{0, 0, 2, 9, 3});  // of an earlier checkpoint
  EXPECT_TRUE(coordinator_.Standing(now_).nodes.at(0).owes_snapshot);
  Say(0, 0, wire::Heartbeat{0, 0, 2, 9, 4});
  EXPECT_TRUE(coordinator_.Standing(now_).nodes.empty());
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

TEST_F(LivesTest, AHostThatTheJobHasBegunWithoutDoesNotEndIt) {
  auto options = Options();
  options.membership.begin_without_after = 20s;
  options.membership.needed = {0};
  Coordinator coordinator(options, kStart);
  for (const std::uint32_t node : {0, 1, 3}) Register(coordinator, node);
  for (const std::uint32_t node : {0, 1, 3}) coordinator.OnMessage(node, 0, wire::Heartbeat{}, kStart + 21s);
  coordinator.Tick(kStart + 21s);
  ASSERT_EQ(coordinator.phase(), Coordinator::Phase::kIdle);
  EXPECT_FALSE(coordinator.members().IsThere(3)) << "nobody keeps its host together with the others";
  coordinator.TakeOutgoing();
  for (const std::uint32_t node : {2, 3}) {
    Register(coordinator, node, 1);
    EXPECT_TRUE(IsTold(coordinator)) << node;
    EXPECT_FALSE(coordinator.members().IsThere(node)) << node;
  }
  EXPECT_FALSE(coordinator.life_over());
}

TEST_F(LivesTest, AHostThatOnlyTrainsAndWasDeclaredDeadDoesNotEndIt) {
  Coordinator coordinator(Options(), kStart);
  for (const std::uint32_t node : {0, 1, 3}) Register(coordinator, node);
  wire::Register trains = Registration(2, 0);
  trains.owns = false;
  coordinator.OnMessage(2, 0, trains, kStart);
  for (const std::uint32_t node : {0, 1}) coordinator.OnMessage(node, 0, wire::Heartbeat{}, kStart + 10s);
  coordinator.Tick(kStart + 11s);
  ASSERT_FALSE(coordinator.members().IsThere(2));
  coordinator.TakeOutgoing();
  coordinator.OnMessage(2, 0, wire::Heartbeat{}, kStart + 12s);
  EXPECT_TRUE(IsTold(coordinator));
  trains.incarnation = 1;
  coordinator.OnMessage(2, 1, trains, kStart + 12s);
  EXPECT_TRUE(IsTold(coordinator));
  EXPECT_FALSE(coordinator.life_over());
  EXPECT_EQ(coordinator.phase(), Coordinator::Phase::kIdle);
}

/// Nodes 0 and 1 on hosts of their own, and a round of epochs 1 and 2 of two slices; each node has one.
class TwoEpochsOfTwo : public ::testing::Test {
 protected:
  TwoEpochsOfTwo() : coordinator_(Options(), now_) {
    for (const std::uint32_t node : {0, 1}) {
      wire::Register registration;
      registration.node = node;
      registration.host = "host" + std::to_string(node);
      registration.endpoint = "tcp://127.0.0.1:400" + std::to_string(node);
      registration.works = registration.leads = true;
      registration.seats = 1;
      Say(node, registration);
    }
    coordinator_.Begin(wire::Work::kTrain, 1, 0.5, {}, {0.25});
    for (const auto& out : coordinator_.TakeOutgoing()) Take(out);
  }

  static Coordinator::Options Options() {
    Coordinator::Options options;
    options.membership.expected = 2;
    options.slices = 2;
    return options;
  }
  void Say(std::uint32_t from, const wire::Control& what) { coordinator_.OnMessage(from, 0, what, now_); }
  void Take(const Coordinator::Outgoing& out) {
    if (const auto* lease = std::get_if<wire::Lease>(&out.what)) leases_[out.to] = *lease;
  }
  /// @returns the answers to the node
  std::vector<wire::Control> Ask(std::uint32_t node, std::uint64_t request) {
    coordinator_.TakeOutgoing();
    Say(node, wire::WantLease{1, request});
    return Answers(node);
  }
  std::vector<wire::Control> Answers(std::uint32_t node) {
    std::vector<wire::Control> answers;
    for (const auto& out : coordinator_.TakeOutgoing()) {
      Take(out);
      if (out.to == node) answers.push_back(out.what);
    }
    return answers;
  }
  void Finish(std::uint32_t node, double loss = 1) {
    const wire::Lease& lease = leases_.at(node);
    Say(node, wire::LeaseDone{1, lease.slice, lease.attempt, 7, 0, 7, loss, {}});
  }

  const Coordinator::Time now_{1h};
  std::map<std::uint32_t, wire::Lease> leases_;
  Coordinator coordinator_;
};

TEST_F(TwoEpochsOfTwo, ASliceThatIsDoneIsHandedOutForTheNextEpochWithItsRates) {
  ASSERT_EQ(leases_.size(), 2u);
  EXPECT_EQ(leases_[1].epoch, 1u);
  EXPECT_EQ(leases_[1].rate_factor, 0.5);
  const std::uint32_t slice = leases_[1].slice;
  Finish(1);
  EXPECT_EQ(coordinator_.epoch(), 1u);
  Ask(1, 2);
  EXPECT_EQ(leases_[1].slice, slice);
  EXPECT_EQ(leases_[1].epoch, 2u);
  EXPECT_EQ(leases_[1].rate_factor, 0.25);
  Finish(0);
  EXPECT_EQ(coordinator_.epoch(), 2u);
  EXPECT_EQ(coordinator_.TotalOf(1).triples, 14u);
  Ask(0, 2);
  Finish(1);
  Finish(0);
  EXPECT_EQ(coordinator_.phase(), Coordinator::Phase::kIdle);
  EXPECT_TRUE(coordinator_.RoundComplete());
  EXPECT_EQ(coordinator_.Total().triples, 14u);
}

TEST_F(TwoEpochsOfTwo, WhoHasALeaseIsToldToAskWhenItIsDone) {
  const auto answers = Ask(1, 2);
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_TRUE(std::get<wire::NoLease>(answers[0]).when_idle);
}

TEST_F(TwoEpochsOfTwo, WhoHasNoneIsAnsweredWhenASliceWaits) {
  Finish(1);
  Ask(1, 2);
  Finish(1);  // of the second epoch: nothing more waits before the other is done
  EXPECT_TRUE(Ask(1, 3).empty());
  EXPECT_TRUE(Ask(1, 3).empty());
  EXPECT_EQ(Ask(1, 4).size(), 1u);  // one question is kept
  Finish(0);
  Answers(1);
  EXPECT_EQ(leases_[1].request, 3u);
  EXPECT_EQ(leases_[1].epoch, 2u);
  EXPECT_EQ(leases_[1].rows_at, 0u);
}

TEST_F(TwoEpochsOfTwo, APauseCompletesTheFirstIfTheSecondHasBegun) {
  Finish(1);
  Ask(1, 2);
  coordinator_.Pause();
  Finish(1);
  EXPECT_EQ(coordinator_.phase(), Coordinator::Phase::kWorking);
  Finish(0);
  EXPECT_EQ(coordinator_.phase(), Coordinator::Phase::kIdle);
  EXPECT_EQ(coordinator_.epoch(), 2u);
  EXPECT_EQ(coordinator_.TotalOf(1).triples, 14u);
  EXPECT_EQ(coordinator_.Done().size(), 1u);
  EXPECT_FALSE(coordinator_.RoundComplete());
}

TEST_F(TwoEpochsOfTwo, ALossThatIsNoNumberInTheSecondEndsTheRound) {
  Finish(1);
  Ask(1, 2);
  Finish(1, std::nan(""));
  EXPECT_EQ(coordinator_.phase(), Coordinator::Phase::kIdle);
  EXPECT_TRUE(std::isfinite(coordinator_.Total().loss));
  EXPECT_TRUE(std::isnan(coordinator_.TotalOfNext().loss));
}

}  // namespace
}  // namespace attune::scheduler
