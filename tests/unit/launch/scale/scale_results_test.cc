#include "launch/scale/scale_results.h"

#include <gtest/gtest.h>

#include "common/error.h"
#include "launch/report/scale_page.h"
#include "launch/report/scale_tables.h"
#include "tests/support/expect_error.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/tiny_dataset.h"

namespace attune::launch {
namespace {

using nlohmann::ordered_json;
using testing::ErrorOf;

/// A plan of one thread, two threads and two ranks with planted runs of two repeats.
class Results : public ::testing::Test {
 protected:
  void SetUp() override {
    testing::TinyDataset tiny{{"a", "b"}, {"x", "y", "z"}, {{0}, {1}}, {{1}, {2}}};
    tiny.Write(directory_ / "data", 2);
    plan_.settings.mutable_measuring()->set_repeats(2);
    plan_.settings.mutable_measuring()->set_metric("mrr");
    plan_.points = {{{ScaleLayout::Series::kThreads, 1}, 2, 2},
                    {{ScaleLayout::Series::kRanks, 1, 2}, 2, 2},
                    {{ScaleLayout::Series::kThreads, 1}, 1, 2}};
    Plant(0, {100, 120}, "all");
    Plant(1, {150, 170}, "all");
    Plant(2, {130, 130}, "half");
  }

  void Plant(std::size_t point, const std::vector<double>& rates, const std::string& part) {
    for (const double rate : rates) {
      ScaleRecord record{plan_.Name({point, 1}), {{"program", "attune"}}, part, {}, {"1"}, {}};
      record.result = {
          {"status", "completed"},        {"triples", part == "all" ? 600 : 300},
          {"train_seconds", 600 / rate},  {"triples_per_second", rate},
          {"peak_memory_bytes", 1 << 20}, {"steps", {{"seconds", {{"compute", 3.0}, {"wait", 1.0}}}}}};
      if (part == "all") {
        record.evaluations = {{60 / rate, {{"mrr", 0.1}}}, {600 / rate, {{"mrr", point == 0 ? 0.2 : 0.3}}}};
      }
      outcome_.records[point].push_back(record);
    }
  }

  ordered_json Make() const {
    const ordered_json machine = ordered_json::parse(
        R"([{"memory_bytes_per_s": {"1": 1e10, "2": 2e10}, "multiply_adds_per_s": {"1": 5e10, "2": 1e11},
             "round_trip_us": 50.0, "link_bytes_per_s": 1e9}])");
    const RunIdentity identity = {
        {"program", "attune"}, {"processor", "Z80"}, {"processors", 2}, {"settings", {{"dim", 8}}}};
    return ScaleResults(plan_, outcome_, data::Dataset(directory_ / "data"), identity, machine, 1);
  }
  static std::string Csv(const ordered_json& results, const std::string& id) {
    for (const Table& table : ScaleTables(results))
      if (table.id == id) return TableCsv(table);
    return "no table " + id;
  }

  testing::TemporaryDirectory directory_;
  ScalePlan plan_;
  ScaleOutcome outcome_;
};

TEST_F(Results, EfficiencyFollowsFromThePlantedRates) {
  const ordered_json results = Make();
  EXPECT_EQ(results.at("baseline").at("layout"), "threads-1");
  EXPECT_DOUBLE_EQ(results.at("baseline").at("triples_per_second"), 110);
  const auto& ranks = results.at("points").at(1);
  EXPECT_DOUBLE_EQ(ranks.at("strong_efficiency").at("median"), 160.0 / 220);
  EXPECT_DOUBLE_EQ(ranks.at("strong_efficiency").at("min"), 150.0 / 220);
  EXPECT_DOUBLE_EQ(ranks.at("of_fastest_single").at("max"), 170.0 / 110);
  EXPECT_DOUBLE_EQ(ranks.at("ceiling"), 0.5);
  // Two workers with all users, against one with half of them.
  EXPECT_EQ(results.at("weak_baseline").at("layout"), "threads-1.part-1-of-2");
  EXPECT_DOUBLE_EQ(ranks.at("weak_efficiency").at("median"), 160.0 / 260);
  EXPECT_FALSE(results.at("points").at(0).contains("weak_efficiency"));
  EXPECT_FALSE(results.at("points").at(2).contains("strong_efficiency"));
}

TEST_F(Results, TheTargetIsWhatAllReach) {
  const ordered_json results = Make();
  EXPECT_DOUBLE_EQ(results.at("target").at("value"), 0.2);
  EXPECT_DOUBLE_EQ(results.at("points").at(0).at("seconds_to_target").at("median"), (6.0 + 5.0) / 2);
  plan_.settings.mutable_measuring()->set_target(0.25);
  const ordered_json higher = Make();
  EXPECT_EQ(higher.at("points").at(0).at("reached_target"), 0);
  EXPECT_FALSE(higher.at("points").at(0).contains("seconds_to_target"));
  EXPECT_EQ(higher.at("points").at(1).at("reached_target"), 2);
}

TEST_F(Results, TablesSayTheSame) {
  const ordered_json results = Make();
  EXPECT_EQ(Csv(results, "strong"),
            "layout,workers,runs,triples/s,triples/s low,triples/s high,IQR,efficiency,efficiency "
            "low,efficiency high,at most,of the fastest process,of the fastest process low,of the fastest "
            "process high\n"
            "1 thread,1,2,110,100,120,10,1,0.9090909090909091,1.0909090909090908,1,1,0.9090909090909091,"
            "1.0909090909090908\n"
            "2 ranks,2,2,160,150,170,10,0.7272727272727273,0.6818181818181818,0.7727272727272727,0.5,"
            "1.4545454545454546,1.3636363636363635,1.5454545454545454\n");
  EXPECT_NE(Csv(results, "weak").find("2 ranks,2,2/2,600,2,160"), std::string::npos) << Csv(results, "weak");
  EXPECT_NE(Csv(results, "phases").find("1 thread,75,25"), std::string::npos) << Csv(results, "phases");
  EXPECT_NE(Csv(results, "quality").find("1 thread,2,5.5,5,6,0.2"), std::string::npos);
  EXPECT_NE(Csv(results, "machine").find("1 thread\",10000000000,"), std::string::npos)
      << Csv(results, "machine");
  const std::string page = ScalePage(results, ScaleTables(results));
  for (const char* part : {"figure-throughput", "figure-efficiency", "figure-quality", "figure-phases",
                           "<strong>2 ranks</strong>", "1.45 of that"})
    EXPECT_NE(page.find(part), std::string::npos) << part;
}

TEST_F(Results, FailedAndMissingRunsAreNamed) {
  outcome_.records[1].pop_back();
  outcome_.failures.push_back({"ranks-2.2", "out of luck (exit code 5)"});
  const ordered_json results = Make();
  EXPECT_EQ(results.at("points").at(1).at("missing"), 1);
  const std::string page = ScalePage(results, ScaleTables(results));
  EXPECT_NE(page.find("ranks-2.2 has failed: out of luck"), std::string::npos);
  EXPECT_NE(page.find("ranks-2: 1 of its runs are missing"), std::string::npos);
}

TEST_F(Results, WithoutABaselineNothingIsCompared) {
  outcome_.records.erase(0);
  EXPECT_NE(ErrorOf(ErrorKind::kFailed, [&] { Make(); }).find("there is no baseline"), std::string::npos);
  outcome_.records.clear();
  EXPECT_NE(ErrorOf(ErrorKind::kFailed, [&] { Make(); }).find("no run has ended well"), std::string::npos);
}

TEST_F(Results, UnequalRunsAreRefused) {
  outcome_.records[1][0].result["triples"] = 601;
  EXPECT_NE(ErrorOf(ErrorKind::kBadInput, [&] { Make(); }).find("600 and 601 triples"), std::string::npos);
}

}  // namespace
}  // namespace attune::launch
