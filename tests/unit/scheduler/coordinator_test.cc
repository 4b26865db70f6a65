#include "scheduler/coordinator.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace attune::scheduler
