#include "scheduler/lease_desk.h"

#include <gtest/gtest.h>

#include <limits>

namespace attune::scheduler {
namespace {

using namespace std::chrono_literals;

/// A desk for four slices and two workers, each on a host of its own and with one thread.
class LeaseDeskTest : public ::testing::Test {
 protected:
  static constexpr std::uint32_t kSlices = 4;

  LeaseDeskTest() : members_(Options(), now_), desk_(members_, kSlices, 1) {
    for (const std::uint32_t node : {0u, 1u}) Register(node, "host" + std::to_string(node));
    Begin();
  }

  static Membership::Options Options() {
    Membership::Options options;
    options.expected = 2;
    return options;
  }
  void Register(std::uint32_t node, const std::string& host) {
    NodeInfo info;
    info.node = node;
    info.host = host;
    info.works = info.leads = true;
    info.seats = 1;
    ASSERT_EQ(members_.Register(info, now_), "");
  }
  void Begin(const std::vector<double>& following = {}) {
    round_.round += 1;
    round_.epoch = 7;
    round_.rate_factor = 0.5;
    desk_.Begin(round_, {}, following);
  }
  /// The lease that answers a question; nothing if another answer came, or none.
  std::optional<wire::Lease> Ask(std::uint32_t worker, std::uint64_t request) {
    const auto answer = desk_.Ask(worker, {round_.round, request, 0});
    if (!answer || !std::holds_alternative<wire::Lease>(*answer)) return std::nullopt;
    return std::get<wire::Lease>(*answer);
  }
  /// Workers 0 and 2 take all leases of the first of two epochs. @returns one of worker 0
  wire::Lease TakeAll() {
    Register(2, "host2");
    Begin({0.25});
    for (std::uint64_t request = 1; request <= kSlices / 2; ++request) {
      for (const std::uint32_t worker : {0u, 2u}) desk_.Ask(worker, {round_.round, request, kSlices});
    }
    EXPECT_EQ(desk_.board()->out(), kSlices);
    return *Ask(0, 1);
  }
  bool Complete(std::uint32_t worker, const wire::Lease& lease, double loss = 1) {
    wire::LeaseDone done;
    done.round = lease.round;
    done.slice = lease.slice;
    done.attempt = lease.attempt;
    done.triples = 10;
    done.loss = loss;
    done.ranks = {lease.slice};
    return desk_.Complete(worker, done);
  }

  const Membership::Time now_{1h};
  Membership members_;
  LeaseDesk desk_;
  wire::BeginRound round_;
};

TEST_F(LeaseDeskTest, TheSameQuestionHasTheSameAnswer) {
  const auto lease = Ask(0, 1);
  ASSERT_TRUE(lease);
  EXPECT_EQ(lease->epoch, 7u);
  EXPECT_EQ(lease->rate_factor, 0.5);
  EXPECT_TRUE(lease->fresh) << "nobody has rows of it";
  ASSERT_TRUE(Ask(0, 1));
  EXPECT_EQ(Ask(0, 1)->slice, lease->slice);
  EXPECT_EQ(desk_.board()->out(), 1u);
  ASSERT_TRUE(Ask(1, 1));
  EXPECT_NE(Ask(1, 1)->slice, lease->slice);
}

TEST_F(LeaseDeskTest, AQuestionWhoseAnswerIsNotKeptAnyMoreHasNone) {
  for (std::uint64_t request = 1; request <= wire::kMostQuestions + 1; ++request) {
    EXPECT_TRUE(desk_.Ask(0, {round_.round, request, 0}));
  }
  EXPECT_FALSE(desk_.Ask(0, {round_.round, 1, 0}));
  EXPECT_TRUE(desk_.Ask(0, {round_.round, 2, 0}));
}

TEST_F(LeaseDeskTest, FirstLeasesAreWhatWorkersWouldHaveAskedFor) {
  const auto first = desk_.HandOutFirst();
  ASSERT_EQ(first.size(), 2u) << "no more than one each: another could begin the rest";
  for (const std::uint32_t worker : {0u, 1u}) {
    EXPECT_EQ(first[worker].to, worker);
    ASSERT_TRUE(Ask(worker, 1));
    EXPECT_EQ(Ask(worker, 1)->slice, std::get<wire::Lease>(first[worker].what).slice);
  }
}

TEST_F(LeaseDeskTest, WhoIsAnsweredLateHoldsNoMoreAheadThanItsShareOfAll) {
  std::uint64_t held = 0;
  while (held < kSlices && std::holds_alternative<wire::Lease>(*desk_.Ask(0, {round_.round, held + 1, 30})))
    ++held;
  EXPECT_EQ(held, 3u) << "one for its thread and half of all";
  EXPECT_TRUE(Ask(1, 1));
}

TEST_F(LeaseDeskTest, WhoHasNothingToDoIsAnsweredWhenASliceWaits) {
  const wire::Lease lease = TakeAll();
  EXPECT_FALSE(desk_.Ask(1, {round_.round, 1, 0})) << "others hold all";
  EXPECT_TRUE(desk_.HandOutWaitedFor().empty());
  ASSERT_TRUE(Complete(0, lease));
  const auto out = desk_.HandOutWaitedFor();
  ASSERT_EQ(out.size(), 1u);
  EXPECT_EQ(out[0].to, 1u);
  const auto& given = std::get<wire::Lease>(out[0].what);
  EXPECT_EQ(given.slice, lease.slice);
  EXPECT_EQ(given.epoch, 8u);
  EXPECT_EQ(given.rate_factor, 0.25);
  ASSERT_TRUE(Ask(1, 1)) << "also when it is asked again";
  EXPECT_EQ(Ask(1, 1)->attempt, given.attempt);
}

TEST_F(LeaseDeskTest, WhoLeavesHasNoAnswerToCome) {
  const wire::Lease lease = TakeAll();
  EXPECT_FALSE(desk_.Ask(1, {round_.round, 1, 0}));
  desk_.StopAnswering(1);
  ASSERT_TRUE(Complete(0, lease));
  EXPECT_TRUE(desk_.HandOutWaitedFor().empty());
}

TEST_F(LeaseDeskTest, EpochsEndWhenTheyAreCompleteUnlessALossIsNotANumber) {
  Begin({1.0});
  for (std::uint64_t request = 1; request <= kSlices; ++request) {
    const auto lease = Ask(0, request);
    ASSERT_TRUE(lease);
    EXPECT_EQ(desk_.board()->epoch(), 7u);
    EXPECT_TRUE(Complete(0, *lease));
    EXPECT_FALSE(Complete(0, *lease)) << "it counts once";
    EXPECT_EQ(desk_.ranks()[lease->slice], std::vector<std::uint32_t>{lease->slice});
  }
  EXPECT_EQ(desk_.board()->epoch(), 8u);
  EXPECT_EQ(desk_.TotalOf(7).triples, 40u);
  EXPECT_EQ(desk_.TotalOf(8).triples, 0u);

  Begin({1.0});
  for (std::uint64_t request = 1; request <= kSlices; ++request) {
    const double loss = request == kSlices ? std::numeric_limits<double>::quiet_NaN() : 1;
    EXPECT_TRUE(Complete(0, *Ask(0, request), loss));
  }
  EXPECT_EQ(desk_.board()->epoch(), 7u);
}

TEST_F(LeaseDeskTest, RowsAreWhereTheirSliceWasTrainedUntilTheHostIsGone) {
  const auto lease = Ask(1, 1);
  ASSERT_TRUE(lease);
  Complete(1, *lease);
  EXPECT_TRUE(desk_.HasRows(1));
  EXPECT_FALSE(desk_.HasRows(0));
  EXPECT_EQ(desk_.NodesOfSlices()[lease->slice], 1u);
  EXPECT_EQ(desk_.LeadersOfSlices()[lease->slice], 1u);

  EXPECT_EQ(desk_.LoseHostIfEmpty(1), 0u) << "it is there";
  Begin();
  const auto elsewhere = [&] {
    for (std::uint64_t request = 1;; ++request) {
      const auto other = Ask(0, request);
      if (!other || other->slice == lease->slice) return other;
      Complete(0, *other);
    }
  }();
  ASSERT_TRUE(elsewhere);
  EXPECT_EQ(elsewhere->rows_at, 1u);
  EXPECT_FALSE(elsewhere->fresh);
  members_.Kill(1);
  desk_.Forget(1);
  EXPECT_EQ(desk_.LoseHostIfEmpty(1), 1u);
  EXPECT_FALSE(desk_.HasRows(1));
  EXPECT_EQ(desk_.NodesOfSlices()[lease->slice], std::nullopt);
}

TEST_F(LeaseDeskTest, SlicesThatDepartWaitUntilTheyHaveArrived) {
  const auto lease = Ask(1, 1);
  ASSERT_TRUE(lease);
  Complete(1, *lease);
  Begin();
  EXPECT_EQ(desk_.Depart(1), std::vector<std::uint32_t>{lease->slice});
  EXPECT_EQ(desk_.board()->waiting(), kSlices - 1);
  desk_.Arrive({lease->slice}, 0);
  EXPECT_EQ(desk_.board()->waiting(), kSlices);
  EXPECT_EQ(desk_.NodesOfSlices()[lease->slice], 0u);
}

TEST_F(LeaseDeskTest, WhatAProcessThatIsGoneHadWaitsAgain) {
  const auto lease = Ask(1, 1);
  ASSERT_TRUE(lease);
  EXPECT_EQ(desk_.Forget(1), 1u);
  EXPECT_EQ(desk_.board()->waiting(), kSlices);
  EXPECT_FALSE(Complete(1, *lease));
}

}  // namespace
}  // namespace attune::scheduler
