#include "launch/scale/plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <set>

#include "common/error.h"
#include "common/log.h"
#include "launch/scale/part_data.h"
#include "launch/study/run_store.h"
#include "tests/support/expect_error.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/tiny_dataset.h"

namespace attune::launch {
namespace {

using testing::ErrorOf;
using testing::TemporaryDirectory;

/// Forty users with one to four items each, eight slices.
class Scale : public ::testing::Test {
 protected:
  void SetUp() override {
    log::SetLevel(log::Level::kOff);
    testing::TinyDataset tiny;
    for (Index user = 0; user < 40; ++user) {
      tiny.users.push_back("u" + std::to_string(user));
      tiny.train.emplace_back();
      for (Index n = 0; n <= user % 4; ++n) tiny.train.back().push_back((user + n) % 6);
      tiny.validation.push_back({(user + 5) % 6});
    }
    tiny.items = {"a", "b", "c", "d", "e", "f"};
    tiny.Write(directory_ / "data", 8);
    settings_.mutable_series()->set_data((directory_ / "data").string());
    settings_.mutable_series()->set_out((directory_ / "out").string());
  }

  ScalePlan Make() const { return MakeScalePlan(settings_, data::Dataset(settings_.series().data())); }
  void ExpectError(const std::string& part) const {
    const std::string error = ErrorOf(ErrorKind::kUsage, [&] { Make(); });
    EXPECT_NE(error.find(part), std::string::npos) << error;
  }
  void SetTraining(const std::string& json) {
    std::ofstream(directory_ / "train.json") << json;
    settings_.mutable_series()->set_settings((directory_ / "train.json").string());
  }
  static std::vector<std::string> Ids(const ScalePlan& plan) {
    std::vector<std::string> ids;
    for (const ScalePoint& point : plan.points) ids.push_back(point.Id());
    return ids;
  }
  static std::vector<std::string> Names(const ScalePlan& plan) {
    std::vector<std::string> names;
    for (const ScaleRun& run : plan.order) names.push_back(plan.Name(run));
    return names;
  }

  TemporaryDirectory directory_;
  config::ScaleSettings settings_;
};

TEST(ScaleLayout, ProcessesOfOtherThreadsAreOtherRuns) {
  using Series = ScaleLayout::Series;
  EXPECT_EQ((ScaleLayout{Series::kRanks, 1, 2}.Id()), "ranks-2");
  EXPECT_EQ((ScaleLayout{Series::kRanks, 2, 2}.Id()), "ranks-2x2");
  EXPECT_EQ((ScaleLayout{Series::kThreads, 2, 1}.Id()), "threads-2");
}

TEST_F(Scale, HasEachLayoutOnceAndOneProcessIsOneWhoeverAsks) {
  settings_.mutable_series()->set_threads("1,2");
  settings_.mutable_series()->set_ranks("1,2,4");
  settings_.mutable_series()->set_hosts("1,2");
  EXPECT_EQ(Ids(Make()), (std::vector<std::string>{"threads-1", "threads-2", "ranks-2", "ranks-4", "hosts-2",
                                                   "threads-1.part-1-of-4", "threads-2.part-2-of-4",
                                                   "ranks-2.part-2-of-4", "hosts-2.part-2-of-4"}));
  settings_.mutable_series()->set_weak(false);
  const ScalePlan strong = Make();
  EXPECT_EQ(Ids(strong),
            (std::vector<std::string>{"threads-1", "threads-2", "ranks-2", "ranks-4", "hosts-2"}));
  for (const ScalePoint& point : strong.points) EXPECT_TRUE(point.Strong() && !point.Weak());
}

TEST_F(Scale, TheWholeOfTheDataIsBothStrongAndWeakAtTheMostWorkers) {
  const ScalePlan plan = Make();
  for (const ScalePoint& point : plan.points) {
    EXPECT_EQ(point.Strong() && point.Weak(), point.layout.Workers() == 4) << point.Id();
    EXPECT_TRUE(!point.Weak() || point.share == point.layout.Workers());
  }
}

TEST_F(Scale, RepeatsAreShuffledByTheSeed) {
  const std::vector<std::string> first = Names(Make());
  EXPECT_EQ(first, Names(Make()));
  const std::size_t points = Make().points.size();
  ASSERT_EQ(first.size(), 3 * points);
  EXPECT_EQ(std::set<std::string>(first.begin(), first.end()).size(), first.size());
  for (std::size_t n = 0; n < first.size(); ++n)
    EXPECT_EQ(first[n].back(), static_cast<char>('1' + n / points)) << "repeat by repeat";
  const auto order = [&](std::size_t repeat) {
    std::vector<std::string> names(first.begin() + static_cast<std::ptrdiff_t>(repeat * points),
                                   first.begin() + static_cast<std::ptrdiff_t>((repeat + 1) * points));
    for (std::string& name : names) name.pop_back();
    return names;
  };
  EXPECT_TRUE(order(0) != order(1) || order(1) != order(2));
  settings_.mutable_measuring()->set_order_seed(2);
  EXPECT_NE(first, Names(Make()));
}

TEST_F(Scale, RunsDifferInTheirLayoutAlone) {
  SetTraining(R"({"dim": 8, "item_attention": "none", "patience": 3, "epochs": 60, "staleness": 4})");
  const ScalePlan plan = Make();
  for (const ScalePoint& point : plan.points) {
    const auto given = GivenSettings(plan.RunSettings(point));
    EXPECT_EQ(given.at("dim"), 8);
    EXPECT_EQ(given.at("epochs"), 10) << "as --epochs says";
    EXPECT_FALSE(given.contains("patience")) << "all runs have as many epochs";
    EXPECT_EQ(given.at("evaluate_every"), point.Strong() ? 1 : 0);
  }
}

TEST_F(Scale, LaunchersGetTheirNumbers) {
  settings_.mutable_series()->set_hosts("2");
  const ScalePlan plan = Make();
  const auto of = [](const ScalePlan& of_plan, const std::string& id) {
    for (const ScalePoint& point : of_plan.points)
      if (point.Id() == id) return of_plan.Launcher(point.layout);
    throw std::runtime_error("no " + id);
  };
  using Words = std::vector<std::string>;
  EXPECT_EQ(of(plan, "threads-2"), Words());
  EXPECT_EQ(of(plan, "ranks-4"), (Words{"attune", "local", "-n", "4"}));
  EXPECT_EQ(of(plan, "hosts-2"), (Words{"attune", "local", "-n", "2", "--hosts", "2"}));
  settings_.mutable_series()->set_launcher("mpirun -n {ranks} --map-by ppr:1:node");
  EXPECT_EQ(of(Make(), "ranks-2"), (Words{"mpirun", "-n", "2", "--map-by", "ppr:1:node"}));
  settings_.mutable_series()->set_launcher("mpirun -n 4");
  ExpectError("expected {ranks}");
}

TEST_F(Scale, WhatMakesNoSenseIsRefused) {
  settings_.mutable_series()->set_ranks("2,1");
  ExpectError("--ranks = '2,1': expected rising numbers");
  settings_.mutable_series()->set_ranks("1,9");
  ExpectError("9 workers, but");
  settings_.mutable_series()->set_threads("none");
  settings_.mutable_series()->set_ranks("2,4");
  ExpectError("no layout has one process");
  settings_.mutable_series()->set_threads("1");
  settings_.mutable_measuring()->set_max_runs(5);
  ExpectError("more than --max-runs 5");
  settings_.mutable_measuring()->clear_max_runs();
  for (const char* metric : {"ndcg@7", "recall@10"}) {
    settings_.mutable_measuring()->set_metric(metric);
    ExpectError("--metric = '" + std::string(metric) + "': expected hr@K");
  }
  settings_.mutable_measuring()->clear_metric();
  settings_.mutable_measuring()->set_target(0.5);
  settings_.mutable_measuring()->set_evaluate_every(0);
  ExpectError("--target cannot take effect");
}

TEST_F(Scale, SettingsThatItDecidesItselfAreRefused) {
  SetTraining(R"({"threads": 4})");
  ExpectError("threads cannot take effect: attune scale decides it");
  SetTraining(R"({"algorithm": "popularity"})");
  ExpectError("only algorithm factorisation");
  SetTraining(R"({"dimm": 4})");
  ExpectError("did you mean 'dim'");
  SetTraining(R"({"attention_inputs": "uvpx"})");
  ExpectError("features");
}

TEST_F(Scale, PartsHoldTheSameWorkForEachWorkerAndAreNested) {
  const data::Dataset whole(settings_.series().data());
  std::set<Index> before;
  for (const unsigned share : {1u, 2u, 3u, 4u}) {
    WritePart(whole, share, 4, directory_ / "part");
    const data::Dataset part(directory_ / "part");
    const auto wanted = static_cast<double>(whole.num_interactions()) * share / 4;
    EXPECT_NEAR(static_cast<double>(part.num_interactions()), wanted, 4) << "to within a user";
    EXPECT_EQ(part.num_items(), whole.num_items());
    EXPECT_EQ(part.slices().size(), 2 * share) << "slices as large as those of the whole";
    const std::vector<Index> users = UsersOfPart(whole, share, 4);
    ASSERT_EQ(users.size(), part.num_users());
    for (std::size_t n = 0; n < users.size(); ++n) {
      EXPECT_EQ(part.users()[static_cast<Index>(n)], whole.users()[users[n]]);
      const auto left = part.History(static_cast<Index>(n));
      const auto right = whole.History(users[n]);
      EXPECT_TRUE(std::equal(left.begin(), left.end(), right.begin(), right.end()));
    }
    const std::set<Index> now(users.begin(), users.end());
    EXPECT_TRUE(std::includes(now.begin(), now.end(), before.begin(), before.end()));
    before = now;
  }
  EXPECT_EQ(before.size(), whole.num_users());
}

}  // namespace
}  // namespace attune::launch
