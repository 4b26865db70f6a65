#include "launch/study/study_progress.h"

#include <gtest/gtest.h>

#include "tests/support/temporary_directory.h"
#include "tests/support/tiny_dataset.h"

namespace attune::launch {
namespace {

using Kind = StudyProgress::Kind;

class Progress : public ::testing::Test {
 protected:
  Progress() {
    const testing::TinyDataset tiny{{"a", "b"}, {"x", "y", "z"}, {{0}, {1}}, {{1}, {2}}, {{2}, {0}}};
    tiny.Write(directory_ / "data");
    dataset_.emplace(directory_ / "data");
    config::StudySettings settings;
    settings.mutable_comparison()->set_methods("bpr,svdpp");
    settings.mutable_comparison()->set_dims("4");
    plan_ = MakePlan(settings, *dataset_);
    output_.log = [this](std::string_view line) { logged_.emplace_back(line); };
    output_.now = [this] { return now_; };
  }

  testing::TemporaryDirectory directory_;
  std::optional<data::Dataset> dataset_;
  StudyPlan plan_;
  ProgressLine::Output output_;
  ProgressLine::Clock::time_point now_;
  std::vector<std::string> logged_;
};

TEST_F(Progress, TheTimeLeftIsThatOfTheRunsThatAreLeft) {
  StudyProgress progress(plan_, CostModel(plan_, *dataset_), 2, output_);
  progress.Spared(1, Kind::kTraining, 6);
  progress.Spared(0, Kind::kTest, 3);
  progress.Spared(1, Kind::kTest, 3);
  progress.Finished(0, Kind::kTraining, 10);
  progress.Finished(0, Kind::kTraining, 20);
  EXPECT_NEAR(progress.SecondsLeft(), 4 * 15 / 2.0, 1e-9);
  EXPECT_EQ(progress.Text({"bpr D=4 trial 3"}), "8/12 trainings  running: bpr D=4 trial 3  30 s left");
}

TEST_F(Progress, WhatWasMeasuredCorrectsTheEstimatesOfTheOthers) {
  const CostModel costs(plan_, *dataset_);
  StudyProgress progress(plan_, costs, 1, output_);
  const double before = progress.SecondsLeft();
  progress.Finished(0, Kind::kTraining, 100 * costs.Training(plan_.cells[0]));
  EXPECT_GT(progress.SecondsLeft(), 50 * before);
}

TEST_F(Progress, NothingLeftIsNoTime) {
  StudyProgress progress(plan_, CostModel(plan_, *dataset_), 1, output_);
  for (const std::size_t cell : {0, 1}) {
    progress.Spared(cell, Kind::kTraining, 100);
    progress.Spared(cell, Kind::kTest, 100);
  }
  EXPECT_EQ(progress.SecondsLeft(), 0);
}

TEST_F(Progress, LogsNowAndThen) {
  StudyProgress progress(plan_, CostModel(plan_, *dataset_), 1, output_);
  progress.Show({});
  EXPECT_TRUE(logged_.empty());
  now_ += std::chrono::seconds(11);
  progress.Show({});
  progress.Show({});
  EXPECT_EQ(logged_.size(), 1u);
}

}  // namespace
}  // namespace attune::launch
