#include "launch/status/status_board.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "tests/unit/launch/status/full_status.h"

namespace attune::launch {
namespace {

using namespace std::chrono_literals;

scheduler::Survey SurveyOf(std::uint64_t first, std::uint64_t second, std::uint32_t incarnation = 0) {
  scheduler::Survey survey;
  survey.processes.resize(2);
  survey.processes[0].works = survey.processes[1].works = true;
  survey.processes[1].node = 1;
  survey.processes[0].triples = first;
  survey.processes[1].triples = second;
  survey.processes[1].incarnation = incarnation;
  survey.counters.bytes_sent = first;
  return survey;
}

TEST(RateMeter, IsOfTheLastTenSeconds) {
  RateMeter meter;
  const RateMeter::Time start{};
  EXPECT_FALSE(meter.rate());
  meter.Note(0, start);
  EXPECT_FALSE(meter.rate());
  for (int second = 1; second <= 100; ++second)
    meter.Note(static_cast<std::uint64_t>(100 * second), start + second * 1s);
  EXPECT_DOUBLE_EQ(*meter.rate(), 100);
  for (int second = 101; second <= 111; ++second) meter.Note(10000, start + second * 1s);
  EXPECT_DOUBLE_EQ(*meter.rate(), 0);
  meter.Note(5, start + 112s);  // begun anew
  EXPECT_FALSE(meter.rate());
  meter.Note(105, start + 113s);
  EXPECT_DOUBLE_EQ(*meter.rate(), 100);
  meter.Note(105, start + 200s);  // nobody has counted for long
  EXPECT_FALSE(meter.rate());
}

TEST(StatusBoard, KnowsHowFastEachProcessIs) {
  StatusBoard board("");
  const StatusBoard::Time start = std::chrono::steady_clock::now();
  EXPECT_TRUE(board.WantsSurvey(start));
  board.SetSurvey(SurveyOf(100, 1000), start);
  EXPECT_FALSE(board.WantsSurvey(start + 500ms));
  EXPECT_TRUE(board.WantsSurvey(start + 1s));
  EXPECT_FALSE(board.Look().live->triples_per_second);
  board.SetSurvey(SurveyOf(300, 1400), start + 2s);
  JobStatus status = board.Look();
  EXPECT_DOUBLE_EQ(*status.live->processes[0].triples_per_second, 100);
  EXPECT_DOUBLE_EQ(*status.live->processes[1].triples_per_second, 200);
  EXPECT_DOUBLE_EQ(*status.live->triples_per_second, 300);
  EXPECT_DOUBLE_EQ(*status.live->sync_bytes_per_second, 100);
  // Another process in the place of one counts from its own beginning.
  board.SetSurvey(SurveyOf(500, 20, 1), start + 4s);
  status = board.Look();
  EXPECT_FALSE(status.live->processes[1].triples_per_second);
  EXPECT_DOUBLE_EQ(*status.live->triples_per_second, 100);
}

TEST(StatusBoard, WhoLooksKeepsWhatWasThere) {
  StatusBoard board("run");
  board.Note(testing::EpochRecord(1, 0.5));
  const JobStatus before = board.Look();
  board.Note(testing::EpochRecord(2, 0.25));
  EXPECT_EQ(before.history->epochs_done, 1u);
  EXPECT_EQ(board.Look().history->epochs_done, 2u);
  EXPECT_EQ(before.run, "run");
}

TEST(StatusBoard, PhasesEndWithWhatSetsThem) {
  StatusBoard board("");
  EXPECT_EQ(board.Look().phase, Phase::kStarting);
  {
    const InPhase trains(board, Phase::kTraining);
    { const InPhase evaluates(board, Phase::kEvaluating); }
    EXPECT_EQ(board.Look().phase, Phase::kTraining);
  }
  EXPECT_EQ(board.Look().phase, Phase::kStarting);
}

TEST(StatusBoard, MayBeLookedAtWhileTheJobTells) {
  StatusBoard board("");
  std::atomic<bool> done{false};
  std::thread looks([&] {
    while (!done.load()) {
      const JobStatus status = board.Look();
      const auto points = status.history->epochs.Points();
      EXPECT_EQ(points.empty() ? 0 : points.back().epoch, status.history->epochs_done);
    }
  });
  for (std::uint32_t epoch = 1; epoch <= 2000; ++epoch) {
    board.Note(testing::EpochRecord(epoch, 0.5));
    board.SetProgress({}, epoch);
    board.SetSurvey(SurveyOf(epoch, epoch), std::chrono::steady_clock::now());
  }
  done.store(true);
  looks.join();
  EXPECT_EQ(board.Look().history->epochs_done, 2000u);
}

}  // namespace
}  // namespace attune::launch
