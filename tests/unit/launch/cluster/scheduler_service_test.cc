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

}  // namespace
}  // namespace attune::launch
