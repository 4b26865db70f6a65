#include "common/thread_board.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <semaphore>
#include <thread>

namespace attune {
namespace {

TEST(ThreadBoard, SaysWhatEachThreadDoesInnermostFirst) {
  ThreadBoard board;
  std::binary_semaphore said(0), seen(0);
  std::thread worker([&] {
    const OnBoard here(&board, "worker 3", "has no lease");
    const Doing trains("trains slice {} of epoch {}", 12, 3u);
    const Doing waits("waits for {} rows of node {}", std::size_t{40}, 7);
    said.release();
    seen.acquire();
  });
  said.acquire();
  const auto threads = board.Threads();
  seen.release();
  worker.join();
  ASSERT_EQ(threads.size(), 1u);
  EXPECT_EQ(threads[0].name, "worker 3");
  ASSERT_EQ(threads[0].doing.size(), 2u);
  EXPECT_EQ(threads[0].doing[0].text, "waits for 40 rows of node 7");
  EXPECT_EQ(threads[0].doing[1].text, "trains slice 12 of epoch 3");
  EXPECT_LE(threads[0].doing[1].since, threads[0].doing[0].since);
  EXPECT_LE(threads[0].doing[0].since, std::chrono::steady_clock::now());
  EXPECT_TRUE(board.Threads().empty()) << "the thread has ended";
}

TEST(ThreadBoard, ATextMayBeAmongTheNumbers) {
  ThreadBoard board;
  const OnBoard here(&board, "checkpoint");
  const std::string path = std::string(200, 'x') + "/checkpoints/00000004.tmp";
  const Doing writes("writes its part of checkpoint {} to {}", 4, std::string_view(path));
  const std::string text = board.Threads()[0].doing[0].text;
  EXPECT_TRUE(text.starts_with("writes its part of checkpoint 4 to xxx")) << text;
  EXPECT_TRUE(text.ends_with("x/checkpoints/00000004.tmp")) << text;
  EXPECT_EQ(text.size(), std::string("writes its part of checkpoint 4 to ").size() + 128);
}

TEST(ThreadBoard, NumbersChangeInPlaceAndOnlyChangesCount) {
  ThreadBoard board;
  const OnBoard here(&board, "job");
  Doing waits("waits for {} of {} leases ({})", 1, 29, std::string_view("train"));
  const auto before = board.Threads()[0];
  waits.Set(1, 29);
  EXPECT_EQ(board.Threads()[0].changes, before.changes);
  waits.Set(2, 29);
  const auto after = board.Threads()[0];
  EXPECT_EQ(after.doing[0].text, "waits for 2 of 29 leases (train)");
  EXPECT_EQ(after.doing[0].since, before.doing[0].since);
  EXPECT_GT(after.changes, before.changes);
  waits.GetsOn();
  EXPECT_GT(board.Threads()[0].changes, after.changes);
}

TEST(ThreadBoard, WhoSaysNothingIsIdleAndWhatIsTooDeepIsNotTold) {
  ThreadBoard board;
  const OnBoard here(&board, "worker 0", "has no lease");
  {
    const Doing a("1"), b("2"), c("3"), d("4");
    Doing e("{}", 5);
    e.Set(6);
    ASSERT_EQ(board.Threads()[0].doing.size(), 4u);
    EXPECT_EQ(board.Threads()[0].doing[0].text, "4");
  }
  EXPECT_TRUE(board.Threads()[0].doing.empty());
  EXPECT_EQ(board.Threads()[0].idle, "has no lease");
  EXPECT_GE(board.Threads()[0].processor.count(), 0);
}

TEST(ThreadBoard, AThreadOnNoBoardMaySayWhatItLikes) {
  const OnBoard nowhere(nullptr, "worker");
  Doing waits("waits for {}", 1);
  waits.Set(2);
  waits.GetsOn();
}

/// What is read was said: never the numbers of one text in another. Under the thread sanitizer, no races.
TEST(ThreadBoard, WhoReadsSeesWholeTextsWhileTheyChange) {
  ThreadBoard board;
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    const OnBoard here(&board, "worker 0", "idle");
    for (int n = 0; !stop.load(); ++n) {
      Doing a("one {} {}", n, n);
      a.Set(n + 1, n + 1);
      const std::string subject = std::to_string(n);
      const Doing b("two {} {}", n, std::string_view(subject));
    }
  });
  int told = 0;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (told < 1000 && std::chrono::steady_clock::now() < deadline) {
    for (const auto& thread : board.Threads()) {
      for (const auto& activity : thread.doing) {
        const std::string& text = activity.text;
        const auto first = text.find(' '), second = text.rfind(' ');
        EXPECT_EQ(text.substr(first + 1, second - first - 1), text.substr(second + 1)) << text;
        ++told;
      }
    }
  }
  stop = true;
  writer.join();
  EXPECT_GE(told, 1000);
}

}  // namespace
}  // namespace attune
