#include "launch/signals.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>

namespace attune::launch {
namespace {

void (*HandlerOf(int signal_number))(int) {
  struct sigaction action {};
  sigaction(signal_number, nullptr, &action);
  return action.sa_handler;
}

TEST(SignalGuard, TurnsSignalsIntoARequestToStop) {
  for (const int signal_number : {SIGINT, SIGTERM}) {
    const SignalGuard guard;
    EXPECT_FALSE(StopRequested());
    raise(signal_number);
    EXPECT_TRUE(StopRequested());
  }
}

TEST(SignalGuard, RestoresFormerHandlers) {
  { const SignalGuard guard; }
  EXPECT_EQ(HandlerOf(SIGINT), SIG_DFL);
  EXPECT_EQ(HandlerOf(SIGTERM), SIG_DFL);
}

TEST(SignalGuard, LeavesOtherSignalsAlone) {
  const SignalGuard guard;
  EXPECT_EQ(HandlerOf(SIGUSR2), SIG_DFL);
}

TEST(SignalGuard, KeepsThatACheckpointIsWanted) {
  const SignalGuard guard;
  EXPECT_FALSE(CheckpointRequested());
  raise(SIGUSR1);
  EXPECT_TRUE(CheckpointRequested());
  EXPECT_FALSE(StopRequested());
  ForgetCheckpointRequest();
  EXPECT_FALSE(CheckpointRequested());
}

/// Not the second of two that come at once: a launcher's and a service manager's.
TEST(SignalGuard, KnowsWhenItIsToldToEndAgain) {
  const SignalGuard guard;
  raise(SIGTERM);
  raise(SIGTERM);
  EXPECT_FALSE(StopRequestedAgain());
  sleep(2);
  raise(SIGTERM);
  EXPECT_TRUE(StopRequestedAgain());
}

void InterruptTwice() {
  const SignalGuard guard;
  raise(SIGTERM);
  raise(SIGINT);
  if (!StopRequested()) std::_Exit(99);
  raise(SIGINT);
  std::_Exit(98);
}

TEST(SignalGuard, ASecondInterruptEndsTheProcessAtOnce) {
  EXPECT_EXIT(InterruptTwice(), ::testing::ExitedWithCode(4), "");
}

}  // namespace
}  // namespace attune::launch
