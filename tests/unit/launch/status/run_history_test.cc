#include "launch/status/run_history.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cmath>
#include <fstream>

#include "launch/status/run_records.h"
#include "launch/status/status_words.h"
#include "tests/support/expect_error.h"
#include "tests/support/temporary_directory.h"
#include "tests/unit/launch/status/full_status.h"

namespace attune::launch {
namespace {

using nlohmann::ordered_json;
using testing::EpochRecord;
using testing::Record;

TEST(ThinnedSeries, KeepsFewOfManyAndAlwaysTheNewest) {
  ThinnedSeries<EvaluationPoint> series;
  EXPECT_TRUE(series.Points().empty());
  for (std::uint32_t epoch = 1; epoch <= 100000; ++epoch) {
    series.Add({epoch, 0.5, 0, 0, 0});
    ASSERT_EQ(series.newest()->epoch, epoch);
  }
  const auto points = series.Points();
  EXPECT_LE(points.size(), ThinnedSeries<EvaluationPoint>::kMost + 1);
  EXPECT_GE(points.size(), ThinnedSeries<EvaluationPoint>::kMost / 4);
  EXPECT_EQ(points.front().epoch, 1u);
  EXPECT_EQ(points.back().epoch, 100000u);
  for (std::size_t n = 2; n + 1 < points.size(); ++n)
    EXPECT_EQ(points[n].epoch - points[n - 1].epoch, series.stride());
}

TEST(ThinnedSeries, WhatIsToldAgainTakesTheOldPlace) {
  ThinnedSeries<EvaluationPoint> series;
  for (std::uint32_t epoch = 1; epoch <= 10; ++epoch) series.Add({epoch, 0, 0, 0, 0});
  series.Add({8, 1, 0, 0, 0});
  ASSERT_EQ(series.Points().size(), 8u);
  EXPECT_EQ(series.Points().back().hr_10, 1);
  series.DropAfter(3);
  EXPECT_EQ(series.Points().size(), 3u);
  EXPECT_EQ(series.newest()->epoch, 3u);
  series.DropAfter(0);
  EXPECT_TRUE(series.empty());
}

TEST(RunHistory, AddsUpWhatItsRecordsSay) {
  const auto history = testing::FullStatus().history;
  EXPECT_EQ(history->epochs_done, 10u);
  EXPECT_EQ(history->triples, 1e7);
  EXPECT_EQ(history->train_seconds, 20);
  EXPECT_EQ(history->epochs.newest()->loss, 0.1);
  EXPECT_EQ(history->epochs.newest()->stale_batches, 7);
  EXPECT_EQ(history->best->epoch, 5u);
  EXPECT_EQ(history->best->value, 0.2);
  EXPECT_EQ(history->measured.at("validation").epoch, 10u);
  EXPECT_EQ(history->checkpoints.written, 1u);
  EXPECT_EQ(history->checkpoints.failed, 1u);
  EXPECT_TRUE(history->checkpoints.last_failed);
  EXPECT_EQ(history->checkpoints.bytes, 4096u);
  EXPECT_EQ(history->checkpoints.rest_seconds, 0.5);
  EXPECT_EQ(history->events.size(), 3u);
}

TEST(RunHistory, ARunThatGoesOnForgetsWhatItTrainsAgain) {
  RunHistory history = *testing::FullStatus().history;
  history.Note(Record("resume", {{"checkpoint", "run/checkpoints/00000001"}, {"epochs", 4}}));
  EXPECT_EQ(history.epochs_done, 4u);
  EXPECT_EQ(history.epochs.newest()->epoch, 4u);
  EXPECT_FALSE(history.best);
  EXPECT_TRUE(history.measured.empty());
  EXPECT_TRUE(history.evaluations.at("validation").empty());
  history.Note(EpochRecord(5, 0.3));
  EXPECT_EQ(history.epochs.Points().size(), 5u);
}

TEST(RunHistory, RecordsThatMakeNoSenseLeaveNoTrace) {
  RunHistory history;
  for (const char* text :
       {"null", "[]", "3", R"({"event":7})", R"({"event":"epoch"})", R"({"event":"epoch","epoch":-1})",
        R"({"event":"epoch","epoch":1e300})", R"({"event":"epoch","epoch":99999999999})",
        R"({"event":"evaluation","epoch":1,"split":"elsewhere","metrics":{}})",
        R"({"event":"evaluation","epoch":1,"split":"test","metrics":null})",
        R"({"event":"evaluation","epoch":1,"split":"test"})"}) {
    history.Note(ordered_json::parse(text));
  }
  EXPECT_TRUE(history.epochs.empty());
  EXPECT_TRUE(history.evaluations.empty());
  history.Note(ordered_json::parse(R"({"event":"epoch","epoch":1,"loss":1e300,"lr":"x","staleness":[]})"));
  history.Note(ordered_json::parse(R"({"event":"start","settings":[],"threads":"many"})"));
  history.Note(ordered_json::parse(R"({"event":"checkpoint","bytes":-5,"path":{}})"));
  EXPECT_TRUE(std::isnan(history.epochs.newest()->loss));
  EXPECT_TRUE(history.Setting("epochs").is_null());
  for (std::size_t n = 0; n < 10 * RunHistory::kMostEvents; ++n)
    history.Note(Record("processes", {{"what", std::string(100000, 'x')}}));
  EXPECT_EQ(history.events.size(), RunHistory::kMostEvents);
  EXPECT_LE(history.events.back().text.size(), 1000u);
}

TEST(ReadRunStatus, ReadsWhatIsWholeAndPassesOverTheRest) {
  const testing::TemporaryDirectory directory;
  EXPECT_NE(testing::ErrorOf(ErrorKind::kBadInput, [&] { ReadRunStatus(directory / "none"); })
                .find("no such directory"),
            std::string::npos);
  EXPECT_NE(testing::ErrorOf(ErrorKind::kBadInput, [&] { ReadRunStatus(directory.path()); }).find("--run"),
            std::string::npos);
  {
    std::ofstream file(directory / "metrics.jsonl");
    file << EpochRecord(1, 0.5).dump() << "\n"
         << "no JSON\n"
         << std::string(3 << 20, '[') << "\n\n";
    file << EpochRecord(2, 0.25).dump() << "\n"
         << R"({"time":"2026)";
  }
  const JobStatus status = ReadRunStatus(directory.path());
  EXPECT_EQ(status.history->epochs_done, 2u);
  EXPECT_EQ(status.history->epochs.Points().size(), 2u);
  EXPECT_FALSE(status.result);
  std::ofstream(directory / "result.json") << R"({"status":"failed","error":"disk full"})";
  EXPECT_EQ(ReadRunStatus(directory.path()).result->status, "failed");
  EXPECT_EQ(ReadRunStatus(directory.path()).Problems().size(), 1u);
}

TEST(ReadRunStatus, RecordsOfWhichNoneCanBeReadAreAnError) {
  const testing::TemporaryDirectory directory;
  for (const std::string& damaged :
       {std::string(), std::string("\0\xff\n\x01", 4), std::string("{}\n[3]\n7")}) {
    std::ofstream(directory / "metrics.jsonl", std::ios::binary) << damaged;
    EXPECT_NE(testing::ErrorOf(ErrorKind::kBadInput, [&] { ReadRunStatus(directory.path()); })
                  .find("metrics.jsonl: there is no record in it"),
              std::string::npos);
  }
  std::ofstream(directory / "result.json") << R"({"status":"completed"})";
  const JobStatus status = ReadRunStatus(directory.path());
  ASSERT_EQ(status.Problems().size(), 1u);
  EXPECT_NE(status.Problems().front().find("no record"), std::string::npos);
  EXPECT_EQ(WhereaboutsOf(status), "run " + directory.path().string());  // no time, and no UTC
}

TEST(ReadRunStatus, DoesNotWaitForPipes) {
  for (const char* name : {"metrics.jsonl", "result.json"}) {
    const testing::TemporaryDirectory directory;
    ASSERT_EQ(mkfifo((directory / name).c_str(), 0600), 0);
    EXPECT_NE(testing::ErrorOf(ErrorKind::kBadInput, [&] { ReadRunStatus(directory.path()); })
                  .find("not a regular file"),
              std::string::npos);
  }
}

}  // namespace
}  // namespace attune::launch
