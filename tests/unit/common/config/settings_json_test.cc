#include "common/config/settings_json.h"

#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "common/config/train.pb.h"
#include "tests/support/expect_error.h"
#include "tests/support/temporary_directory.h"
#include "tests/unit/common/config/test_settings.pb.h"

namespace attune::config {
namespace {

using attune::testing::ErrorOf;
using attune::testing::TemporaryDirectory;
using nlohmann::ordered_json;
using testing::TestSettings;

std::string Refused(const std::string& text) {
  TestSettings settings;
  return ErrorOf(ErrorKind::kBadInput,
                 [&] { SettingsFromJson(ordered_json::parse(text), &settings, "m.json"); });
}

std::string RefusedFile(ErrorKind kind, const std::string& text) {
  const TemporaryDirectory directory;
  std::ofstream(directory / "run.json") << text;
  TestSettings settings;
  const std::string message = ErrorOf(kind, [&] { ReadSettingsFile(directory / "run.json", &settings); });
  const std::string folder = directory.path().string() + "/";
  EXPECT_EQ(message.rfind(folder, 0), 0u) << message;
  return message.substr(std::min(folder.size(), message.size()));
}

TEST(SettingsToJson, HoldsDefaultsFlatAndLeavesOutWhatIsUnset) {
  const ordered_json json = SettingsToJson(TestSettings());
  EXPECT_EQ(json.dump(), R"({"visit_triples":32,"offset":-3,"share":0.5,"colour":"red","deep":true,"seed":1,)"
                         R"("rate":0.1,"overwrite":false,"k":10,"title":""})");
}

TEST(SettingsJson, SurvivesTheRoundTrip) {
  TestSettings settings;
  settings.add_input("a b");
  settings.add_input("\"quoted\"");
  settings.add_cutoff(7);
  settings.set_seed(18446744073709551615u);
  settings.set_origin(-9007199254740993);
  settings.set_rate(0.3f);
  settings.set_l2_u(1.0 / 3);
  settings.mutable_inner()->set_colour(testing::ROW_COLOUR_DARK_BLUE);
  const ordered_json json = ordered_json::parse(SettingsToJson(settings).dump());
  TestSettings read;
  SettingsFromJson(json, &read, "m.json");
  EXPECT_EQ(SettingsToJson(read), SettingsToJson(settings));
  EXPECT_EQ(read.origin(), settings.origin());
  EXPECT_EQ(read.rate(), settings.rate());
  EXPECT_EQ(read.l2_u(), settings.l2_u());
  EXPECT_EQ(read.input(1), "\"quoted\"");
}

TEST(SettingsJson, TrainSettingsSurviveTheRoundTrip) {
  TrainSettings settings;
  settings.mutable_optimisation()->set_l2_u(0.5);
  settings.mutable_run_settings()->set_data("D");
  TrainSettings read;
  SettingsFromJson(SettingsToJson(settings), &read, "m.json");
  EXPECT_EQ(SettingsToJson(read).dump(), SettingsToJson(settings).dump());
  EXPECT_TRUE(read.optimisation().has_l2_u());
  EXPECT_FALSE(read.optimisation().has_l2_v());
}

TEST(SettingsFromJson, KeepsWhatItDoesNotNameAndReplacesLists) {
  TestSettings settings;
  settings.set_k(5);
  settings.add_input("old");
  SettingsFromJson(ordered_json::parse(R"({"input": ["x", "y"], "cutoff": 3})"), &settings, "m.json");
  EXPECT_EQ(settings.k(), 5u);
  ASSERT_EQ(settings.input_size(), 2);
  EXPECT_EQ(settings.input(0), "x");
  ASSERT_EQ(settings.cutoff_size(), 1);
}

TEST(SettingsFromJson, NamesFileKeyAndNearestKnownName) {
  EXPECT_EQ(Refused(R"({"visit_triple": 3})"),
            "m.json: unknown setting 'visit_triple'; did you mean 'visit_triples'?");
  EXPECT_EQ(Refused(R"({"visit_triples": 0})"), "m.json: visit_triples = 0: expected 1..65536 triples");
  EXPECT_EQ(Refused(R"({"optimisation": {"lr": 1}})"),
            "m.json: unknown setting 'optimisation'; settings are written flat, without groups");
  EXPECT_EQ(Refused("[]"), "m.json: expected a JSON object of settings");
}

TEST(SettingsFromJson, RefusesValuesOfTheWrongType) {
  EXPECT_EQ(Refused(R"({"k": "3"})"), "m.json: k = \"3\": expected a whole number, 0..100");
  EXPECT_EQ(Refused(R"({"k": 3.0})"), "m.json: k = 3.0: expected a whole number, 0..100");
  EXPECT_EQ(Refused(R"({"k": [3]})"), "m.json: k = [3]: expected a whole number, 0..100");
  EXPECT_EQ(Refused(R"({"overwrite": 1})"), "m.json: overwrite = 1: expected true or false");
  EXPECT_EQ(Refused(R"({"title": 1})"), "m.json: title = 1: expected text");
  EXPECT_EQ(Refused(R"({"l2_u": null})"), "m.json: l2_u = null: expected a number, at most 10");
  EXPECT_EQ(Refused(R"({"input": ["a", 2]})"), "m.json: input = 2: expected text");
}

TEST(ReadSettingsFile, RefusesWhatIsNestedDeeplyOrHasManyKeys) {
  const std::string deep =
      "{\"visit_triples\": " + std::string(100'000, '[') + std::string(100'000, ']') + "}";
  EXPECT_EQ(RefusedFile(ErrorKind::kBadInput, deep), "run.json: nested deeper than 64 levels");
  std::string keys = "{\"visit_triples\": 32";
  for (int n = 0; n < 100'000; ++n) keys += fmt::format(", \"key{}\": 1", n);
  EXPECT_EQ(RefusedFile(ErrorKind::kUsage, keys + "}"), "run.json: unknown setting 'key0'");
}

TEST(ReadSettingsFile, ReportsMistakesWithTheFile) {
  EXPECT_EQ(RefusedFile(ErrorKind::kUsage, R"({"k": 101})"), "run.json: k = 101: expected 0..100");
  EXPECT_EQ(RefusedFile(ErrorKind::kBadInput, R"({"k": 1, "k": 2})"), "run.json: 'k' is written twice");
  EXPECT_EQ(RefusedFile(ErrorKind::kBadInput, R"({"k": 1,)").rfind("run.json: not valid JSON: ", 0), 0u);
  EXPECT_EQ(RefusedFile(ErrorKind::kBadInput, "{\"l2_u\": 1e999}").rfind("run.json: not valid JSON: ", 0),
            0u);
}

TEST(ReadSettingsFile, ReportsAMissingFileAndADirectory) {
  const TemporaryDirectory directory;
  TestSettings settings;
  ErrorOf(ErrorKind::kBadInput, [&] { ReadSettingsFile(directory / "none.json", &settings); });
  ErrorOf(ErrorKind::kBadInput, [&] { ReadSettingsFile(directory.path(), &settings); });
}

}  // namespace
}  // namespace attune::config
