#include "launch/predict/predict_command.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "common/config/command_line.h"
#include "launch/predict/costs.h"
#include "launch/predict/job_plan.h"
#include "tests/support/expect_error.h"
#include "tests/support/temporary_directory.h"

namespace attune::predict {
namespace {

config::PredictSettings Parse(const std::vector<std::string>& arguments) {
  const auto parsed =
      config::ParseCommandLine({"predict", "p"}, config::PredictSettings::default_instance(), arguments);
  return static_cast<const config::PredictSettings&>(*parsed.settings);
}

std::string Refusal(const std::vector<std::string>& arguments, ErrorKind kind = ErrorKind::kUsage) {
  return testing::ErrorOf(kind, [&] { launch::RunPredict(Parse(arguments), {}); });
}

Costs SomeCosts() {
  Costs costs;
  costs.machine = "none";
  costs.model = "some";
  costs.record_floats = 128;
  costs.user_floats = 64;
  costs.triple = 1e-6;
  costs.warm_row = 1e-8;
  costs.cold_row = 1e-7;
  costs.carry_encrypted = {1e-5, 1e-9};
  return costs;
}

std::string WriteCosts(const testing::TemporaryDirectory& directory, const nlohmann::ordered_json& json) {
  const std::string path = (directory.path() / "costs.json").string();
  std::ofstream(path) << json.dump();
  return path;
}

TEST(Costs, AreReadAsTheyWereWritten) {
  const testing::TemporaryDirectory directory;
  const Costs costs = SomeCosts();
  const Costs read = ReadCosts(WriteCosts(directory, ToJson(costs)));
  EXPECT_EQ(ToJson(read), ToJson(costs));
}

TEST(Costs, NonsenseIsRefused) {
  const testing::TemporaryDirectory directory;
  const auto refusal = [&](const nlohmann::ordered_json& json) {
    return testing::ErrorOf(ErrorKind::kBadInput, [&] { ReadCosts(WriteCosts(directory, json)); });
  };
  EXPECT_NE(refusal(nlohmann::ordered_json::array()).find("--calibrate"), std::string::npos);
  auto json = ToJson(SomeCosts());
  json["send_row_s"] = -1;
  EXPECT_NE(refusal(json).find("send_row_s"), std::string::npos);
  json.erase("send_row_s");
  EXPECT_NE(refusal(json).find("missing"), std::string::npos);
  json = ToJson(SomeCosts());
  json["carry"]["byte_s"] = "fast";
  EXPECT_NE(refusal(json).find("byte_s"), std::string::npos);
  json = ToJson(SomeCosts());
  json["triple_s"] = 0;
  EXPECT_NE(refusal(json).find("triple_s"), std::string::npos);
}

TEST(PredictCommand, RefusesWhatMakesNoSense) {
  const testing::TemporaryDirectory directory;
  const std::string costs = WriteCosts(directory, ToJson(SomeCosts()));
  EXPECT_NE(Refusal({}).find("--costs"), std::string::npos);
  EXPECT_NE(Refusal({"--costs", costs}).find("--users"), std::string::npos);
  const std::vector<std::string> shape = {"--costs", costs, "--users", "10", "--items", "100"};
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), shape.begin(), shape.end());
    return Refusal(more);
  };
  EXPECT_NE(with({"--interactions", "5"}).find("--interactions"), std::string::npos);
  EXPECT_NE(with({"--interactions", "1001"}).find("more than"), std::string::npos);
  EXPECT_NE(with({"--interactions", "999.5"}).find("whole number"), std::string::npos);
  for (const char* hosts : {"", "0", "2,1", "1,x", "1,,2", "99999", "3,3", "1,"}) {
    EXPECT_NE(with({"--interactions", "1000", "--hosts", hosts}).find("--hosts"), std::string::npos) << hosts;
  }
  EXPECT_NE(with({"--interactions", "1000", "--bandwidth", "much"}).find("--bandwidth"), std::string::npos);
  EXPECT_NE(with({"--interactions", "1000", "--slices", "2", "--hosts", "4"}).find("--slices"),
            std::string::npos);
  EXPECT_NE(with({"--interactions", "1000", "--data", "x"}).find("--users"), std::string::npos);
  EXPECT_NE(with({"--interactions", "1000", "--out", "x"}).find("--out"), std::string::npos);
  EXPECT_NE(with({"--interactions", "1000", "--dim", "8"}).find("--calibrate"), std::string::npos);
  EXPECT_NE(Refusal({"--calibrate"}).find("--data"), std::string::npos);
  EXPECT_NE(Refusal({"--calibrate", "--hosts", "2"}).find("--hosts"), std::string::npos);
  EXPECT_NE(Refusal({"--costs", costs, "--data", "/nowhere"}, ErrorKind::kBadInput).find("/nowhere"),
            std::string::npos);
}

TEST(JobPlan, WeakScalingGivesEachHostAsMuch) {
  auto settings = Parse({"--users", "1000", "--items", "5000", "--interactions", "100000"});
  const Costs costs = SomeCosts();
  const Shape shape = ShapeOf(settings, costs);
  const Plan one = PlanJob(settings, shape, costs, 1), eight = PlanJob(settings, shape, costs, 8);
  EXPECT_DOUBLE_EQ(eight.scenario.epoch_triples, 8 * one.scenario.epoch_triples);
  EXPECT_DOUBLE_EQ(eight.memory.users, one.memory.users);
  EXPECT_DOUBLE_EQ(eight.memory.copies, 5000 * 512);
  EXPECT_GE(eight.scenario.slices, 4 * 8);
  settings.mutable_job()->set_scaling(config::SCALING_STRONG);
  EXPECT_DOUBLE_EQ(PlanJob(settings, shape, costs, 8).scenario.epoch_triples, one.scenario.epoch_triples);
  // Rows that fit into 512,000 bytes are everywhere, the others with their owners.
  settings.mutable_job()->set_replica_memory(512'000);
  const Plan part = PlanJob(settings, shape, costs, 8);
  EXPECT_DOUBLE_EQ(part.scenario.replicated.items(), 1000);
  EXPECT_DOUBLE_EQ(part.scenario.tail.items(), 4000);
  EXPECT_DOUBLE_EQ(part.memory.items, (1000 + 4000 / 8.0) * 512);
}

TEST(JobPlan, IsWrittenForOtherModels) {
  const auto settings = Parse({"--users", "1000", "--items", "5000", "--interactions", "100000",
                               "--bandwidth", "infinite", "--replica-memory", "512000"});
  const Costs costs = SomeCosts();
  const Scenario scenario = PlanJob(settings, ShapeOf(settings, costs), costs, 8).scenario;
  // As a reader sees it.
  const auto json = nlohmann::json::parse(ToJson(scenario).dump());
  EXPECT_TRUE(json.at("bandwidth_bytes_s").is_null());
  EXPECT_DOUBLE_EQ(json.at("latency_s"), scenario.latency);
  EXPECT_DOUBLE_EQ(json.at("slice_triples"), scenario.slice_triples);
  EXPECT_DOUBLE_EQ(json.at("replicated").at("items"), 1000);
  const auto different = json.at("pulled").at("different").get<std::vector<double>>();
  const double steps = json.at("pulled").at("steps_of_doubling");
  ASSERT_GT(different.size(), 10 * steps);
  EXPECT_DOUBLE_EQ(different[static_cast<std::size_t>(10 * steps)], scenario.tail.Distinct(1024));
  EXPECT_NEAR(different.back(), 4000, 1e-3);
}

TEST(JobPlan, TablesBeyondCachesMakeTriplesDearer) {
  const auto settings = Parse({"--users", "1e9", "--items", "1e8", "--interactions", "1e11"});
  const Costs costs = SomeCosts();
  const Shape shape = ShapeOf(settings, costs);
  const Plan plan = PlanJob(settings, shape, costs, 64);
  EXPECT_NEAR(plan.scenario.triple, costs.triple + 2 * 9e-8, 1e-12);
  double items = 0, shares = 0;
  for (const PopularityBin& bin : shape.popularity) {
    items += bin.items;
    shares += bin.items * bin.share;
  }
  EXPECT_DOUBLE_EQ(items, 1e8);
  EXPECT_NEAR(shares, 1, 1e-9);
}

}  // namespace
}  // namespace attune::predict
