#include "launch/cluster/scheduler_service.h"

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"

namespace attune::launch {
namespace {

/// Two hosts whose first processes own rows; the second one's is started again.
class LostRows : public ::testing::TestWithParam<bool> {
 protected:
  LostRows() : scheduler_(Options(), kStart) {
    Register(0, 0);
    Register(1, 0);
    scheduler_.Gather({});
  }

  static scheduler::Coordinator::Options Options() {
    scheduler::Coordinator::Options options;
    options.membership.expected = 2;
    options.slices = 1;
    options.begins_again = GetParam();
    return options;
  }
  void Register(std::uint32_t node, std::uint32_t incarnation) {
    wire::Register self;
    self.node = node;
    self.incarnation = incarnation;
    self.host = std::to_string(node);
    self.where = "node " + self.host;
    self.endpoint = "tcp://127.0.0.1:4000";
    self.leads = self.owns = self.works = true;
    scheduler_.OnMessage(node, incarnation, self, kStart);
  }

  static constexpr SchedulerService::Time kStart{std::chrono::hours(1)};
  SchedulerService scheduler_;
};

INSTANTIATE_TEST_SUITE_P(BeginsAgain, LostRows, ::testing::Bool());

TEST_P(LostRows, AreToldToWhoeverWaitsForWhat) {
  bool ended = false;
  EXPECT_EQ(scheduler_.SnapshotProblem(1, ended), "");
  scheduler_.RequireAlive();
  EXPECT_FALSE(scheduler_.LifeOver());
  Register(1, 1);
  if (!GetParam()) {
    scheduler_.RequireAlive();
    EXPECT_FALSE(scheduler_.LifeOver());
    return;
  }
  ASSERT_TRUE(scheduler_.LifeOver());
  EXPECT_NE(scheduler_.LifeOver()->find("node 1 is new"), std::string::npos);
  const auto says = [](const auto& body) {
    return testing::ErrorOf(ErrorKind::kFailed, body).find("node 1 is new") != std::string::npos;
  };
  EXPECT_TRUE(says([&] { scheduler_.RequireAlive(); }));
  EXPECT_TRUE(says([&] { scheduler_.Run(wire::Work::kFlush, 0, 1, {}, {}); }));
  EXPECT_NE(scheduler_.SnapshotProblem(1, ended).find("node 1 is new"), std::string::npos)
      << "a part that will never be written is not waited for";
}

/// One node with one slice, which trains faster than what it has trained is taken notice of.
class FastEpochs : public ::testing::Test {
 protected:
  static constexpr std::uint32_t kTrained = 5;  ///< epochs ahead

  FastEpochs() : scheduler_(Options(), kStart) {
    wire::Register self;
    self.host = "0";
    self.where = "node 0";
    self.endpoint = "tcp://127.0.0.1:4000";
    self.leads = self.owns = self.works = true;
    self.seats = 1;
    scheduler_.OnMessage(0, 0, self, kStart);
    scheduler_.Gather({});
  }

  static scheduler::Coordinator::Options Options() {
    scheduler::Coordinator::Options options;
    options.membership.expected = 1;
    options.slices = 1;
    return options;
  }
  /// Trains what the node was given. @returns epochs
  std::uint32_t Train() {
    std::uint32_t trained = 0;
    for (const auto& outgoing : scheduler_.TakeOutgoing()) {
      const auto* const lease = std::get_if<wire::Lease>(&outgoing.what);
      if (lease == nullptr) continue;
      ++trained;
      wire::LeaseDone done;
      done.round = lease->round;
      done.slice = lease->slice;
      done.attempt = lease->attempt;
      done.triples = 1;
      scheduler_.OnMessage(0, 0, done, kStart);
      scheduler_.OnMessage(0, 0, wire::WantLease{lease->round, ++request_}, kStart);
    }
    return trained;
  }
  /// The job waits for the first epoch, and others have ended when it looks.
  void RunAhead() {
    bool begun = false;
    const auto train = [&] {
      if (std::exchange(begun, true)) return;
      std::uint32_t trained = 0;
      for (std::uint32_t n = 0; n < 2 * kTrained && trained < kTrained; ++n) trained += Train();
      EXPECT_EQ(trained, kTrained);
    };
    const auto first =
        scheduler_.Run(wire::Work::kTrain, 1, 1, train, {}, {}, std::vector<double>(10 * kTrained, 1));
    EXPECT_TRUE(first.complete && first.goes_on);
  }

  static constexpr SchedulerService::Time kStart{std::chrono::hours(1)};
  SchedulerService scheduler_;
  std::uint64_t request_ = 2;  ///< as many leases come unasked
};

TEST_F(FastEpochs, AreAllLookedAtAndCanBeStopped) {
  RunAhead();
  int ticks = 0;
  for (std::uint32_t epoch = 2; epoch <= kTrained; ++epoch) {
    const auto round = scheduler_.GoOn(
        epoch, [&] { ++ticks; }, [] { return true; });
    EXPECT_TRUE(round.complete && round.goes_on) << epoch;
    EXPECT_EQ(round.total.triples, 1u);
    EXPECT_EQ(ticks, static_cast<int>(epoch) - 1);
  }
  EXPECT_EQ(Train(), 1u) << "what was begun is done";
  EXPECT_EQ(Train(), 0u) << "nothing is begun after the stop";
}

TEST_F(FastEpochs, CanBePaused) {
  RunAhead();
  EXPECT_TRUE(scheduler_.GoOn(2, [&] { scheduler_.Pause(); }, {}).goes_on);
  EXPECT_EQ(Train(), 1u) << "what was begun is done";
  EXPECT_EQ(Train(), 0u) << "nothing is begun after the pause";
}

}  // namespace
}  // namespace attune::launch
