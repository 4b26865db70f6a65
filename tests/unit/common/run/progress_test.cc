#include "common/run/progress.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/log.h"

namespace attune {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Lines = std::vector<std::string>;

/// Records what a progress line shows, under a clock that the test moves.
class ProgressTest : public ::testing::Test {
 protected:
  ProgressLine::Output Output(bool terminal) {
    ProgressLine::Output output;
    output.terminal = terminal;
    output.columns = [this] { return columns_; };
    output.draw = [this](std::string_view line) { drawn_.emplace_back(line); };
    output.log = [this](std::string_view line) { logged_.emplace_back(line); };
    output.now = [this] { return now_; };
    return output;
  }

  ProgressLine::Clock::time_point now_{seconds(1000)};
  std::size_t columns_ = 80;
  Lines drawn_;
  Lines logged_;
};

ProgressState Example() {
  ProgressState state;
  state.label = "epoch 3/40";
  state.fraction = 0.629;
  state.rate = 4.21e6;
  state.unit = "triples";
  state.loss = 0.41231;
  state.seconds_left = 12.2;
  return state;
}

TEST(FormatProgress, ShowsAllParts) {
  EXPECT_EQ(FormatProgress(Example(), 80), "epoch 3/40  62 %  4.21 M triples/s  loss 0.4123  12 s left");
  ProgressState bare;
  bare.label = "reading";
  EXPECT_EQ(FormatProgress(bare, 80), "reading  0 %");
}

TEST(FormatProgress, HonoursTheWidth) {
  EXPECT_EQ(FormatProgress(Example(), 40), "epoch 3/40  62 %  4.21 M triples/s");
  EXPECT_EQ(FormatProgress(Example(), 15), "epoch 3/40");
  EXPECT_EQ(FormatProgress(Example(), 5), "epoch");
  EXPECT_EQ(FormatProgress(Example(), 0), "");
}

TEST_F(ProgressTest, RewritesATerminalLineAtMostTenTimesASecond) {
  ProgressLine progress("triples", Output(true));
  progress.Begin("epoch 1/2", 1000, 1000);
  for (std::uint64_t done = 1; done <= 1000; ++done) {
    now_ += milliseconds(1);
    progress.Update(done);
  }
  ASSERT_EQ(drawn_.size(), 10u);
  EXPECT_EQ(drawn_.front(), "epoch 1/2  10 %  1.00 k triples/s  2 s left");
  EXPECT_TRUE(logged_.empty());
}

TEST_F(ProgressTest, LeavesTheLastColumnOfATerminalFree) {
  columns_ = 15;
  ProgressLine progress("triples", Output(true));
  progress.Begin("epoch 1/2", 10);
  now_ += seconds(1);
  progress.Update(5);
  ASSERT_EQ(drawn_.size(), 1u);
  EXPECT_EQ(drawn_[0], "epoch 1/2") << "with ' 50 %' the line would fill all 15 columns";
}

TEST_F(ProgressTest, TakesTheLineAwayAtTheEnd) {
  {
    ProgressLine progress("triples", Output(true));
    progress.Begin("epoch 1/1", 10);
    progress.End();
    EXPECT_EQ(drawn_, Lines{""});
  }
  EXPECT_EQ(drawn_, (Lines{"", ""}));
}

TEST_F(ProgressTest, LogsOneLineAStepAwayFromATerminal) {
  ProgressLine progress("triples", Output(false));
  progress.Begin("epoch 1/2", 1000, 1000);
  now_ += seconds(10);
  progress.Update(500, 0.7);
  EXPECT_TRUE(logged_.empty());
  now_ += seconds(10);
  progress.End(0.5);
  EXPECT_EQ(logged_, Lines{"epoch 1/2  100 %  50 triples/s  loss 0.5000  20 s left"});
  EXPECT_TRUE(drawn_.empty());
}

TEST_F(ProgressTest, LogsEveryThirtySecondsWithinALongStep) {
  ProgressLine progress("triples", Output(false));
  progress.Begin("epoch 1/1", 100);
  for (std::uint64_t second = 1; second <= 70; ++second) {
    now_ += seconds(1);
    progress.Update(second);
  }
  EXPECT_EQ(logged_, (Lines{"epoch 1/1  30 %  1 triples/s  1 min 10 s left",
                            "epoch 1/1  60 %  1 triples/s  40 s left"}));
}

TEST_F(ProgressTest, AnEmptyStepIsDone) {
  ProgressLine progress("triples", Output(false));
  progress.Begin("epoch 1/1", 0);
  progress.End();
  EXPECT_EQ(logged_, Lines{"epoch 1/1  100 %"});
}

TEST(StatusLine, StaysBelowLogLines) {
  ::testing::internal::CaptureStderr();
  log::SetStatusLine("half");
  log::Write(log::Level::kInfo, "news");
  log::Write(log::Level::kDebug, "not shown");
  log::SetStatusLine("");
  log::Write(log::Level::kInfo, "more");
  const std::string text = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(text.rfind("half\r\x1b[K2", 0), 0u) << text;
  EXPECT_NE(text.find(" I news\nhalf\r\x1b[K2"), std::string::npos) << text;
  EXPECT_EQ(text.find("not shown"), std::string::npos);
}

}  // namespace
}  // namespace attune
