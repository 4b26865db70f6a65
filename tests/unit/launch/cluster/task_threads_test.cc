#include "launch/cluster/task_threads.h"

#include <gtest/gtest.h>

#include <atomic>
#include <semaphore>
#include <stdexcept>

namespace attune::launch {
namespace {

TEST(TaskThreads, EachRunsOneTaskAtATime) {
  std::counting_semaphore<> ended(0), go(0);
  TaskThreads threads(2, "test", [&] { ended.release(); });
  std::atomic<unsigned> seen{0};
  for (int n = 0; n < 2; ++n) {
    threads.Start([&](unsigned thread) {
      go.acquire();
      seen.fetch_or(1u << thread);
    });
  }
  EXPECT_EQ(threads.busy(), 2u);
  go.release(2);
  ended.acquire();
  ended.acquire();
  EXPECT_EQ(threads.busy(), 0u);
  EXPECT_EQ(seen.load(), 3u);
}

TEST(TaskThreads, AreWaitedForUntilAllAreIdle) {
  using namespace std::chrono_literals;
  std::counting_semaphore<> go(0);
  TaskThreads threads(2, "test", {});
  EXPECT_TRUE(threads.WaitUntilIdle(0s));
  threads.Start([](unsigned) {});
  threads.Start([&](unsigned) { go.acquire(); });
  EXPECT_FALSE(threads.WaitUntilIdle(1ms));
  go.release();
  EXPECT_TRUE(threads.WaitUntilIdle(60s));
}

TEST(TaskThreads, WhatATaskThrowsIsThrownOnce) {
  std::counting_semaphore<> ended(0);
  TaskThreads threads(1, "test", [&] { ended.release(); });
  threads.Start([](unsigned) { throw std::runtime_error("no"); });
  ended.acquire();
  EXPECT_THROW(threads.RethrowFailure(), std::runtime_error);
  EXPECT_NO_THROW(threads.RethrowFailure());
  EXPECT_EQ(threads.busy(), 0u);
}

TEST(TaskThreads, WhatATaskThrowsOfWorkThatWasGivenUpIsForgotten) {
  using namespace std::chrono_literals;
  TaskThreads threads(1, "test", {});
  threads.Start([](unsigned) { throw std::runtime_error("of the work before"); });
  ASSERT_TRUE(threads.WaitUntilIdle(60s));
  threads.ForgetFailure();
  threads.Start([](unsigned) {});
  ASSERT_TRUE(threads.WaitUntilIdle(60s));
  EXPECT_NO_THROW(threads.RethrowFailure());
}

}  // namespace
}  // namespace attune::launch
