#include "scheduler/coordinator.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

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

TEST_F(CoordinatorTest, ALeaseThatIsDoneTwiceCountsOnce) {
  Say(1, 5, Done());
  Say(1, 5, Done());
  EXPECT_EQ(coordinator_.phase(), Coordinator::Phase::kIdle);
  EXPECT_EQ(coordinator_.Total().triples, 7u);
  coordinator_.Begin(wire::Work::kTrain, 2);
  Say(1, 5, Done());  // of the round before
  EXPECT_EQ(coordinator_.Total().triples, 0u);
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
