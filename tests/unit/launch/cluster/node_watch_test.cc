#include "launch/cluster/node_watch.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include "common/error.h"

namespace attune::launch {
namespace {

/// A process in which signals wait, as they do in nodes that begin. When it is told to end it does, with the
/// code or by the signal.
pid_t EndsWhenTold(int code, int signal = 0) {
  const pid_t pid = fork();
  if (pid != 0) return pid;
  sigset_t told;
  sigemptyset(&told);
  sigaddset(&told, SIGTERM);
  int number = 0;
  sigwait(&told, &number);
  if (signal != 0) kill(getpid(), signal);
  _exit(code);
}

class NodeWatchTest : public ::testing::Test {
 protected:
  int Watch(const WatchedNode& node) {
    kill(getpid(), SIGTERM);  // waits for the watch to take it
    return WatchNode(signals_, node);
  }

  WaitedSignals signals_;
};

TEST_F(NodeWatchTest, OneThatMayLeaveDoesNotComeToTheNextLife) {
  unsigned started = 0;
  WatchedNode node;
  node.start = [&](unsigned, bool) { return ++started, EndsWhenTold(kNextLife); };
  EXPECT_EQ(Watch(node), 0);
  EXPECT_EQ(started, 1u);
}

TEST_F(NodeWatchTest, OneThatTheJobNeedsIsToldAgainInItsNextLife) {
  unsigned started = 0;
  WatchedNode node;
  node.needed = true;
  node.start = [&](unsigned incarnation, bool next_life) {
    EXPECT_EQ(next_life, incarnation > 0);
    return EndsWhenTold(++started == 1 ? kNextLife : 0);
  };
  EXPECT_EQ(Watch(node), 0);
  EXPECT_EQ(started, 2u);
}

TEST_F(NodeWatchTest, OneThatTheJobNeedsAndThatDiesWhenItWasToldIsStartedAndToldAgain) {
  for (const bool needed : {true, false}) {
    WatchedNode node;
    node.ends = true;
    node.restarts = 1;
    node.needed = needed;
    node.start = [](unsigned incarnation, bool) { return EndsWhenTold(4, incarnation == 0 ? SIGKILL : 0); };
    if (needed) {
      EXPECT_EQ(Watch(node), 4);
    } else {
      EXPECT_THROW(Watch(node), Error);
    }
  }
}

TEST_F(NodeWatchTest, WhatIsOverIsToldByAnotherHoweverTheNodeHasEnded) {
  for (const bool over : {true, false}) {
    WatchedNode node;
    node.ends = true;
    node.restarts = 1;
    node.is_over = [&] { return over; };
    node.start = [](unsigned incarnation, bool) { return EndsWhenTold(4, incarnation == 0 ? SIGKILL : 0); };
    if (over) {
      EXPECT_EQ(Watch(node), 4);
    } else {
      EXPECT_THROW(Watch(node), Error);
    }
  }
}

TEST_F(NodeWatchTest, OneThatDoesNotEndIsKilledWhenItsTimeIsOver) {
  WatchedNode node;
  node.ends = true;
  node.grace = std::chrono::seconds(0);
  node.start = [](unsigned, bool) {
    const pid_t pid = fork();
    if (pid != 0) return pid;
    while (true) pause();  // SIGTERM is blocked
  };
  EXPECT_THROW(Watch(node), Error);
}

}  // namespace
}  // namespace attune::launch
