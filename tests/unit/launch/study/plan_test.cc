#include "launch/study/plan.h"

#include <gtest/gtest.h>

#include <limits>

#include "common/error.h"
#include "launch/study/run_store.h"
#include "tests/support/expect_error.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/tiny_dataset.h"

namespace attune::launch {
namespace {

using testing::ErrorOf;
using testing::TemporaryDirectory;

/// Three users, no features.
class Plan : public ::testing::Test {
 protected:
  void SetUp() override {
    testing::TinyDataset tiny{
        {"a", "b", "c"}, {"w", "x", "y", "z"}, {{0}, {1}, {2}}, {{1}, {2}, {3}}, {{2}, {3}, {0}}};
    tiny.Write(directory_ / "data");
    tiny.test.clear();
    tiny.Write(directory_ / "untested");
    settings_.mutable_comparison()->set_data((directory_ / "data").string());
    settings_.mutable_comparison()->set_out((directory_ / "study").string());
    settings_.mutable_comparison()->set_methods("bpr,svdpp,acf,acf_uvp,acf_uv");
    settings_.mutable_comparison()->set_dims("4,8,16");
  }

  StudyPlan Make() const { return MakePlan(settings_, data::Dataset(settings_.comparison().data())); }
  void ExpectError(const std::string& part) const {
    const std::string error = ErrorOf(ErrorKind::kUsage, [&] { Make(); });
    EXPECT_NE(error.find(part), std::string::npos) << error;
  }
  static const StudyCell& Cell(const StudyPlan& plan, const std::string& name) {
    for (const StudyCell& cell : plan.cells)
      if (cell.Name() == name) return cell;
    throw std::runtime_error("no cell " + name);
  }

  TemporaryDirectory directory_;
  config::StudySettings settings_;
};

TEST_F(Plan, HasEveryMethodAtEveryDAndVariantsAtOne) {
  const StudyPlan plan = Make();
  std::vector<std::string> names;
  for (const StudyCell& cell : plan.cells) names.push_back(cell.Name());
  EXPECT_EQ(names, (std::vector<std::string>{"bpr D=4", "bpr D=8", "bpr D=16", "svdpp D=4", "svdpp D=8",
                                             "svdpp D=16", "acf_uvp D=4", "acf_uvp D=8", "acf_uvp D=16",
                                             "acf_uv D=8"}));
  EXPECT_EQ(plan.table_dim, 8u);
  EXPECT_EQ(plan.Runs(), 10u * (4 + 3 - 1));
}

TEST_F(Plan, TrainsAsLongAsTheGridNeedsUnlessToldOtherwise) {
  using Epochs = std::pair<std::uint32_t, std::uint32_t>;  // in all, and between evaluations
  const auto epochs = [&](config::Grid grid) {
    settings_.mutable_tuning()->set_grid(grid);
    const StudyPlan plan = Make();
    const config::RunSettings run = plan.RunSettings(Cell(plan, "bpr D=4"), 0, 1).run_settings();
    return Epochs(run.epochs(), run.evaluate_every());
  };
  EXPECT_EQ(epochs(config::GRID_AUTO), Epochs(30, 2));  // so few users: quick
  EXPECT_EQ(epochs(config::GRID_LARGE), Epochs(100, 4));
  settings_.mutable_tuning()->set_epochs(7);
  settings_.mutable_tuning()->set_evaluate_every(3);
  EXPECT_EQ(epochs(config::GRID_LARGE), Epochs(7, 3));
}

TEST_F(Plan, TestsWhatWasTrainedUnlessItRefits) {
  StudyPlan plan = Make();
  const StudyCell& bpr = Cell(plan, "bpr D=4");
  const config::RunSettings same = plan.TestedSettings(bpr, 1, 5, 7).run_settings();
  EXPECT_EQ(same.SerializeAsString(), plan.RunSettings(bpr, 1, 5).run_settings().SerializeAsString());
  const std::uint64_t runs = plan.Runs();

  plan.settings.mutable_tuning()->set_refit(true);
  EXPECT_EQ(plan.Runs(), runs + plan.cells.size());
  const config::TrainSettings anew = plan.TestedSettings(bpr, 1, 5, 7);
  EXPECT_TRUE(anew.run_settings().include_validation());
  EXPECT_EQ(anew.run_settings().epochs(), 7u);
  EXPECT_FALSE(anew.run_settings().has_patience());
  EXPECT_FALSE(anew.run_settings().has_evaluate_every());
  EXPECT_FALSE(anew.run_settings().has_metric());
  EXPECT_EQ(anew.sampling_settings().seed(), 5u);
  EXPECT_EQ(anew.optimisation().SerializeAsString(),
            plan.RunSettings(bpr, 1, 5).optimisation().SerializeAsString());
}

TEST_F(Plan, SkipsWhatNeedsContentAndSaysWhy) {
  const StudyPlan plan = Make();
  ASSERT_EQ(plan.skipped.size(), 1u);
  EXPECT_EQ(plan.skipped[0].method->name, "acf");
  EXPECT_NE(plan.skipped[0].reason.find("has no features"), std::string::npos);
  settings_.mutable_comparison()->set_methods("acf");
  ExpectError("nothing is left to compare");
}

TEST_F(Plan, EveryMethodHasAsManyTrials) {
  settings_.mutable_tuning()->set_trials(3);
  for (const StudyCell& cell : Make().cells) EXPECT_EQ(cell.trials.size(), 3u) << cell.Name();
}

TEST_F(Plan, RunsHaveTheSettingsOfMethodGridAndStudy) {
  const StudyPlan plan = Make();
  const auto json = GivenSettings(plan.RunSettings(Cell(plan, "svdpp D=8"), 0, 5));
  EXPECT_EQ(json["item_attention"], "average");
  EXPECT_EQ(json["dim"], 8);
  EXPECT_EQ(json["seed"], 5);
  EXPECT_EQ(json["history_exponent"], 0.5);
  EXPECT_EQ(json["lr"], 0.05);
  EXPECT_EQ(json["metric"], "ndcg@100");
  EXPECT_FALSE(json.contains("attention_inputs"));
  EXPECT_FALSE(json.contains("data"));
}

TEST_F(Plan, NamesTheGridThatIsMeantAndAppliesWhatComesWithIt) {
  EXPECT_EQ(Make().settings.tuning().grid(), config::GRID_QUICK);
  settings_.mutable_tuning()->set_grid(config::GRID_LARGE);
  const StudyPlan plan = Make();
  EXPECT_EQ(plan.settings.tuning().grid(), config::GRID_LARGE);
  const auto json = GivenSettings(plan.RunSettings(Cell(plan, "bpr D=8"), 0, 1));
  EXPECT_EQ(json["lr"], 0.1);
  EXPECT_EQ(json["lr_schedule"], "linear");
}

TEST_F(Plan, VariationsOfOneMethodWinOverThoseOfAll) {
  settings_.mutable_tuning()->set_vary("lr=0.2; bpr.lr=0.3,0.4; max_history=7");
  const StudyPlan plan = Make();
  EXPECT_EQ(GivenSettings(plan.RunSettings(Cell(plan, "svdpp D=8"), 0, 1))["lr"], 0.2);
  EXPECT_EQ(GivenSettings(plan.RunSettings(Cell(plan, "svdpp D=8"), 0, 1))["max_history"], 7);
  const auto bpr = GivenSettings(plan.RunSettings(Cell(plan, "bpr D=8"), 0, 1));
  EXPECT_EQ(bpr["lr"], 0.3);
  EXPECT_FALSE(bpr.contains("max_history"));  // BPR has no history
}

TEST_F(Plan, SaysWhatIsWrongBeforeAnythingStarts) {
  settings_.mutable_comparison()->set_dims("8,4");
  ExpectError("--dims");
  settings_.mutable_comparison()->set_dims("4,8");
  settings_.mutable_comparison()->set_table_dim(16);
  ExpectError("--table-dim = 16");
  settings_.mutable_comparison()->clear_table_dim();
  settings_.mutable_comparison()->set_methods("bpr,svdp");
  ExpectError("did you mean 'svdpp'");
  settings_.mutable_comparison()->set_methods("bpr");
  for (const char* metric : {"hr@5", "recall@10"}) {
    settings_.mutable_tuning()->set_metric(metric);
    ExpectError("--metric = '" + std::string(metric) + "': expected hr@K");
  }
  settings_.mutable_tuning()->set_metric("mrr");
  settings_.mutable_tuning()->set_vary("bpr.lr_theta=0.1");
  ExpectError("bpr D=4: --lr-theta cannot take effect");
  settings_.mutable_tuning()->set_vary("max_history=3");
  ExpectError("no method of this study has it");
  settings_.mutable_tuning()->clear_vary();
  settings_.mutable_comparison()->set_group_bounds("3,3");
  ExpectError("--group-bounds");
  settings_.mutable_comparison()->clear_group_bounds();
  settings_.mutable_comparison()->set_first_seed(std::numeric_limits<std::uint64_t>::max());
  ExpectError("--first-seed = 18446744073709551615: with --seeds 3");
  settings_.mutable_comparison()->set_seeds(1);
  EXPECT_NO_THROW(Make());
  settings_.mutable_comparison()->clear_first_seed();
  settings_.mutable_comparison()->set_data((directory_ / "untested").string());
  ExpectError("it has no test split");
}

TEST_F(Plan, OfTooManyRunsIsRefusedWithTheirNumber) {
  settings_.mutable_tuning()->set_trials(100'000);
  settings_.mutable_tuning()->set_vary(
      "lr=0.1,0.2,0.3,0.4,0.5,0.6,0.7,0.8,0.9,1; l2=0,1e-4,1e-3,0.01,0.1,1,2,3,4,5");
  ExpectError("trainings, about");
  settings_.mutable_running()->set_max_runs(100'000);
  EXPECT_GT(Make().Runs(), 1000u);
}

TEST_F(Plan, CostsGrowWithDAndAttention) {
  const StudyPlan plan = Make();
  const CostModel costs(plan, data::Dataset(settings_.comparison().data()));
  EXPECT_LT(costs.Training(Cell(plan, "bpr D=4")), costs.Training(Cell(plan, "bpr D=16")));
  EXPECT_LT(costs.Training(Cell(plan, "bpr D=8")), costs.Training(Cell(plan, "acf_uvp D=8")));
  EXPECT_NEAR(costs.Total(plan, 1), 4 * costs.Total(plan, 4), 1e-9);
}

}  // namespace
}  // namespace attune::launch
