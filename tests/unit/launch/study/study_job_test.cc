#include "launch/study/study_job.h"

#include <gtest/gtest.h>

#include <fstream>

#include "common/log.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/tiny_dataset.h"

namespace attune::launch {
namespace {

/// SVD++ with the settings that make FISM: two methods, one training.
class Job : public ::testing::Test {
 protected:
  void SetUp() override {
    log::SetLevel(log::Level::kOff);
    const testing::TinyDataset tiny{
        {"a", "b", "c"}, {"w", "x", "y", "z"}, {{0}, {1}, {2}}, {{1}, {2}, {3}}, {{2}, {3}, {0}}};
    tiny.Write(directory_ / "data");
    settings_.mutable_comparison()->set_data((directory_ / "data").string());
    settings_.mutable_comparison()->set_out((directory_ / "study").string());
    settings_.mutable_comparison()->set_methods("svdpp,fism");
    settings_.mutable_comparison()->set_dims("4");
    settings_.mutable_tuning()->set_trials(2);
    settings_.mutable_tuning()->set_vary(
        "svdpp.user_vector=false; svdpp.exclude_target=true; lr=0.1,0.2; l2=0.01; l2_p=0.001");
    settings_.mutable_running()->set_jobs(4);
    // Each training leaves a line, and fails.
    std::ofstream(directory_ / "launcher")
        << "#!/bin/sh\necho \"$4\" >>" << (directory_ / "trained").string() << "\nexit 5\n";
    std::filesystem::permissions(directory_ / "launcher", std::filesystem::perms::owner_all);
    settings_.mutable_running()->set_launcher((directory_ / "launcher").string());
  }

  std::size_t Trained() const {
    std::ifstream file(directory_ / "trained");
    std::size_t lines = 0;
    for (std::string line; std::getline(file, line);) ++lines;
    return lines;
  }

  testing::TemporaryDirectory directory_;
  config::StudySettings settings_;
};

TEST_F(Job, MethodsWithEqualSettingsShareATraining) {
  const data::Dataset dataset(directory_ / "data");
  const StudyPlan plan = MakePlan(settings_, dataset);
  ASSERT_EQ(plan.Runs(), 2u * (2 + 3 - 1));
  const RunStore store(directory_ / "study", settings_.running(), dataset);
  const StudyOutcome outcome = StudyJob(plan, dataset, store).Run();
  EXPECT_EQ(Trained(), 2u) << "one for each trial";
  ASSERT_EQ(outcome.cells.size(), 2u);
  for (const CellOutcome& cell : outcome.cells) {
    EXPECT_EQ(cell.error, "it said nothing (exit code 5)");
    for (const StudyRun& trial : cell.trials) EXPECT_EQ(trial.error, cell.error);
  }
  for (std::size_t trial = 0; trial < 2; ++trial)
    EXPECT_EQ(outcome.cells[0].trials[trial].key, outcome.cells[1].trials[trial].key);
}

}  // namespace
}  // namespace attune::launch
