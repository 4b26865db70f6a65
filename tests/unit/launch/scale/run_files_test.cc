#include "launch/scale/run_files.h"

#include <gtest/gtest.h>

#include <fstream>

#include "common/error.h"
#include "common/io/json_file.h"
#include "common/log.h"
#include "tests/support/expect_error.h"
#include "tests/support/temporary_directory.h"

namespace attune::launch {
namespace {

using nlohmann::ordered_json;
using testing::ErrorOf;
using testing::TemporaryDirectory;

const RunIdentity kIdentity = {{"program", "attune 1"}, {"data", "abc"}, {"settings", {{"dim", 8}}}};

class Files : public ::testing::Test {
 protected:
  void SetUp() override { log::SetLevel(log::Level::kOff); }

  static void Write(const std::filesystem::path& path, const std::string& text) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << text;
  }
  /// As attune train would have.
  void Train(const RunFiles& files, const std::string& name, const std::string& status = "completed") const {
    files.Begin(name, config::TrainSettings());
    const ordered_json result = {
        {"status", status},          {"triples", 100},
        {"train_seconds", 2.0},      {"triples_per_second", 50.0},
        {"peak_memory_bytes", 1000}, {"steps", {{"seconds", {{"compute", 1.5}, {"wait", 0.5}}}}}};
    Write(files.Run(name) / "result.json", result.dump());
    Write(files.Run(name) / "metrics.jsonl",
          R"({"event": "start"})"
          "\n"
          R"({"event": "epoch", "triples_digest": "00ff"})"
          "\n"
          R"({"event": "evaluation", "split": "validation", "train_seconds": 2.0, "metrics": {"mrr": 0.25}})"
          "\n");
  }

  TemporaryDirectory directory_;
};

TEST_F(Files, AFinishedRunIsFoundAndOneThatIsNotIsNot) {
  const RunFiles files(directory_.path(), kIdentity);
  EXPECT_FALSE(files.Find("threads-1.1"));
  Train(files, "threads-1.1");
  EXPECT_FALSE(files.Find("threads-1.1")) << "it was killed before it was kept";
  files.Keep("threads-1.1", "abc");
  const auto record = files.Find("threads-1.1");
  ASSERT_TRUE(record);
  EXPECT_EQ(record->result.at("triples"), 100);
  EXPECT_EQ(record->digests, std::vector<std::string>{"00ff"});
  ASSERT_EQ(record->evaluations.size(), 1u);
  EXPECT_EQ(record->evaluations[0].second.at("mrr"), 0.25);
}

TEST_F(Files, ARunInWhichAProcessDiedIsNoMeasurement) {
  const RunFiles files(directory_.path(), kIdentity);
  for (const char* key : {"processes", "lives", "resumed"}) {
    Train(files, "ranks-2.1");
    ordered_json result = ordered_json::parse(std::ifstream(files.Run("ranks-2.1") / "result.json"));
    result[key] = {{"died", 1}};
    Write(files.Run("ranks-2.1") / "result.json", result.dump());
    const std::string told = ErrorOf(ErrorKind::kFailed, [&] { files.Keep("ranks-2.1", "abc"); });
    EXPECT_NE(told.find(key), std::string::npos) << told;
    EXPECT_FALSE(files.Find("ranks-2.1"));
  }
}

TEST_F(Files, ARunThatEndedEarlyIsNotKept) {
  const RunFiles files(directory_.path(), kIdentity);
  Train(files, "threads-1.1", "interrupted");
  EXPECT_NE(ErrorOf(ErrorKind::kFailed, [&] { files.Keep("threads-1.1", "abc"); }).find("interrupted"),
            std::string::npos);
  EXPECT_FALSE(files.Find("threads-1.1"));
}

TEST_F(Files, ADamagedRunIsForgotten) {
  const RunFiles files(directory_.path(), kIdentity);
  Train(files, "threads-1.1");
  files.Keep("threads-1.1", "abc");
  Write(files.Run("threads-1.1") / "result.json", "{}");
  EXPECT_FALSE(files.Find("threads-1.1"));
  EXPECT_FALSE(std::filesystem::exists(files.Directory("threads-1.1")));
}

TEST_F(Files, ACopyUnderAnotherNameIsForgotten) {
  const RunFiles files(directory_.path(), kIdentity);
  Train(files, "threads-2.1");
  files.Keep("threads-2.1", "abc");
  for (const char* name : {"ranks-2.1", "threads-2.2"}) {
    std::filesystem::copy(files.Directory("threads-2.1"), files.Directory(name),
                          std::filesystem::copy_options::recursive);
    EXPECT_FALSE(files.Find(name));
    EXPECT_FALSE(std::filesystem::exists(files.Directory(name)));
  }
  EXPECT_TRUE(files.Find("threads-2.1"));
}

TEST_F(Files, ARunOfAnotherKindIsNamed) {
  const RunFiles files(directory_.path(), kIdentity);
  Train(files, "threads-1.1");
  files.Keep("threads-1.1", "abc");
  for (const auto& [key, value] : std::map<std::string, ordered_json>{
           {"program", "attune 2"}, {"data", "abd"}, {"settings", {{"dim", 9}}}}) {
    RunIdentity other = kIdentity;
    other[key] = value;
    const std::string error =
        ErrorOf(ErrorKind::kUsage, [&] { RunFiles(directory_.path(), other).Find("threads-1.1"); });
    EXPECT_NE(error.find("threads-1.1"), std::string::npos) << error;
    EXPECT_NE(error.find("other " + key), std::string::npos) << error;
  }
}

ScaleRecord Record(const std::string& name) {
  return {name, kIdentity, "abc", {{"status", "completed"}, {"triples", 100}}, {"1", "2"}, {}};
}

TEST(Comparable, EqualRunsAreAndPartsMayDiffer) {
  ScaleRecord part = Record("threads-1.part-1-of-2.1");
  part.part = "def";
  part.result["triples"] = 50;
  part.digests = {"3", "4"};
  RequireComparable({Record("threads-1.1"), Record("ranks-2.1"), part});
}

TEST(Comparable, UnequalRunsAreNamed) {
  const auto error_with = [](auto&& change) {
    std::vector<ScaleRecord> records = {Record("threads-1.1"), Record("ranks-2.1")};
    change(records[1]);
    const std::string error = ErrorOf(ErrorKind::kBadInput, [&] { RequireComparable(records); });
    EXPECT_NE(error.find("ranks-2.1"), std::string::npos) << error;
    return error;
  };
  const auto expect = [](const std::string& error, const std::string& part) {
    EXPECT_NE(error.find(part), std::string::npos) << error;
  };
  expect(error_with([](ScaleRecord& record) { record.identity["program"] = "attune 2"; }),
         "other program: attune 1 and attune 2");
  expect(error_with([](ScaleRecord& record) { record.identity["processor"] = "Z80"; }), "other processor");
  expect(error_with([](ScaleRecord& record) { record.result["triples"] = 99; }),
         "they trained 100 and 99 triples");
  expect(error_with([](ScaleRecord& record) { record.digests[1] = "3"; }), "they trained other triples");
  expect(error_with([](ScaleRecord& record) { record.result["status"] = "failed"; }), "it was failed");
}

}  // namespace
}  // namespace attune::launch
