#include "launch/cluster/watchdog.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "worker/staleness_gate.h"

namespace attune::launch {
namespace {

using namespace std::chrono_literals;

/// What a watchdog tells, waited for.
class Reports {
 public:
  Watchdog::Options Options(Watchdog::Duration limit) {
    Watchdog::Options options;
    options.where = "rank 1 (here)";
    options.limit = limit;
    options.tell = [this](const std::string& report) {
      const std::lock_guard lock(mutex_);
      reports_.push_back(report);
      told_.notify_all();
    };
    return options;
  }
  /// The first report with this text; empty if there is none within a minute.
  std::string Await(const std::string& text) {
    std::unique_lock lock(mutex_);
    const auto with_text = [&] {
      return std::ranges::find_if(reports_, [&](const auto& one) { return one.find(text) != one.npos; });
    };
    told_.wait_for(lock, 60s, [&] { return with_text() != reports_.end(); });
    return with_text() == reports_.end() ? "" : *with_text();
  }
  /// @returns whether there are so many within a minute
  bool AwaitCount(std::size_t count) {
    std::unique_lock lock(mutex_);
    return told_.wait_for(lock, 60s, [&] { return reports_.size() >= count; });
  }
  std::vector<std::string> all() {
    const std::lock_guard lock(mutex_);
    return reports_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable told_;
  std::vector<std::string> reports_;
};

NodeStanding Busy() {
  NodeStanding standing;
  standing.node = 1;
  standing.state = "working";
  standing.round = 7;
  standing.epoch = 3;
  standing.generation = 4;
  standing.held = 2;
  standing.busy = 1;
  standing.schedules = true;
  return standing;
}

TEST(Watchdog, TellsWhereTheNodeIsAndThatAWorkerWaitsAtTheGate) {
  Reports reports;
  Watchdog watchdog(reports.Options(50ms));
  const auto memory = std::make_unique<worker::GateMemory>();
  worker::StalenessGate gate(*memory, 1, 8);
  gate.SetVisible(104);
  std::atomic<bool> stop{false};
  std::thread worker([&] {
    const OnBoard here(watchdog.board().get(), "worker 0", "has no lease");
    const Doing trains("trains slice {} of epoch {}", 12, 3);
    gate.Join(0, 100);
    while (gate.Enter(0, stop)) gate.Finish(0);
  });
  watchdog.Publish(Busy());
  const std::string report = reports.Await("waits at the gate");
  stop = true;
  worker.join();
  EXPECT_NE(report.find("does not get on: its work for "), std::string::npos) << report;
  EXPECT_NE(report.find("rank 1 (here), node 1, pid "), std::string::npos) << report;
  EXPECT_NE(report.find("working: round 7 (train, epoch 3), generation 4; leases: 2 held, 1 threads busy"),
            std::string::npos)
      << report;
  EXPECT_NE(report.find("\n  worker 0: waits at the gate: clock 13, rows here are of clock 4, bound 8, for "),
            std::string::npos)
      << report;
  EXPECT_NE(report.find("; within: trains slice 12 of epoch 3, for "), std::string::npos) << report;
}

TEST(Watchdog, SaysNothingOfANodeThatOnlyWaitsForTheNextRound) {
  Reports reports;
  Watchdog watchdog(reports.Options(20ms));
  NodeStanding idle = Busy();
  idle.busy = 0;
  watchdog.Publish(idle);
  const OnBoard here(watchdog.board().get(), "worker 0", "has no lease");
  // Each answer is a look, and between two looks is the limit.
  for (std::size_t asked = 1; asked <= 10; ++asked) {
    raise(SIGUSR2);
    ASSERT_TRUE(reports.AwaitCount(asked));
  }
  for (const std::string& report : reports.all()) {
    EXPECT_TRUE(report.starts_with("asked where it is")) << report;
    EXPECT_NE(report.find("\n  worker 0: has no lease, for "), std::string::npos) << report;
  }
}

TEST(Watchdog, ASchedulerThatIsSilentIsTold) {
  Reports reports;
  Watchdog watchdog(reports.Options(50ms));
  NodeStanding idle = Busy();
  idle.busy = 0;
  idle.schedules = false;
  idle.heard = std::chrono::steady_clock::now();
  watchdog.Publish(idle);
  EXPECT_NE(reports.Await("the scheduler, which is silent for "), "");
}

TEST(Watchdog, ACheckpointThatIsNotWrittenIsToldWhileTrainingGoesOn) {
  Reports reports;
  Watchdog watchdog(reports.Options(50ms));
  const OnBoard here(watchdog.board().get(), "checkpoint");
  const Doing writes("writes its part of checkpoint {} to {}", 4, std::string_view("/run/4.tmp"));
  const std::string report = reports.Await("'checkpoint'");
  EXPECT_NE(report.find("checkpoint: writes its part of checkpoint 4 to /run/4.tmp, for "), std::string::npos)
      << report;
}

TEST(Watchdog, OnTheSchedulersNodeItTellsWhoHoldsTheRoundUp) {
  Reports reports;
  Watchdog watchdog(reports.Options(50ms));
  watchdog.AskOfRounds([] {
    scheduler::RoundStanding standing;
    standing.round = 7;
    standing.epoch = 3;
    standing.under_way = true;
    standing.parts = 29;
    standing.done = 25;
    standing.out = 4;
    standing.nodes = {{2, "rank 2 (there), pid 9", 3, false, false, 400ms}};
    return std::optional(standing);
  });
  const OnBoard here(watchdog.board().get(), "job");
  const Doing waits("waits for round {} ({})", 7, std::string_view("train, epoch 3"));
  const std::string report = reports.Await("its thread 'job'");
  EXPECT_NE(report.find("scheduler: round 7 (train, epoch 3): 25 of 29 leases are done, 4 are out\n"
                        "  scheduler: node 2, rank 2 (there), pid 9: has 3 leases; heard 0.4 s ago"),
            std::string::npos)
      << report;
  watchdog.AskOfRounds({});
}

void HangAtTheEnd(int code) {
  Watchdog::Options options;
  options.where = "rank 1 (here)";
  options.end_within = 50ms;
  Watchdog watchdog(options);
  const OnBoard here(watchdog.board().get(), "job");
  const Doing waits("waits until its part of checkpoint {} is written", 4);
  watchdog.Ending(code);
  watchdog.Ending(99);  // the first counts
  std::this_thread::sleep_for(60s);
}

TEST(WatchdogDeathTest, AProcessThatDoesNotEndIsEndedWithItsCode) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(HangAtTheEnd(3), ::testing::ExitedWithCode(3),
              "its work is over, and the process has not ended(.|\n)*"
              "job: waits until its part of checkpoint 4 is written");
}

void NetworkThatStandsStill() {
  Watchdog::Options options;
  options.network_within = 50ms;
  Watchdog watchdog(options);
  const OnBoard here(watchdog.board().get(), "network");
  const Doing moves("moves messages");
  std::this_thread::sleep_for(60s);
}

TEST(WatchdogDeathTest, AProcessWhoseNetworkThreadDoesNotComeRoundIsEnded) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(NetworkThatStandsStill(), ::testing::KilledBySignal(SIGABRT),
              "its network thread does not come round(.|\n)*network: moves messages");
}

void WorkersThatWaitForEver() {
  Watchdog::Options options;
  options.work_within = 50ms;
  Watchdog watchdog(options);
  const OnBoard here(watchdog.board().get(), "worker 0");
  const Doing waits("waits for {} rows of {} nodes, node {} among them", 9, 1, 2);
  watchdog.Publish(Busy());
  std::this_thread::sleep_for(60s);
}

TEST(WatchdogDeathTest, AProcessWhoseWorkersWaitForEverIsEnded) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      WorkersThatWaitForEver(), ::testing::KilledBySignal(SIGABRT),
      "nothing comes: the process is ended(.|\n)*worker 0: waits for 9 rows of 1 nodes, node 2 among");
}

}  // namespace
}  // namespace attune::launch
