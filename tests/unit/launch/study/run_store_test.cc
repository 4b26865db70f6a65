#include "launch/study/run_store.h"

#include <gtest/gtest.h>

#include <fstream>

#include "common/error.h"
#include "common/eval/metrics.h"
#include "common/io/json_file.h"
#include "common/log.h"
#include "common/model/model_files.h"
#include "tests/support/expect_error.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/tiny_dataset.h"

namespace attune::launch {
namespace {

using nlohmann::ordered_json;
using testing::ErrorOf;
using testing::TemporaryDirectory;

class Store : public ::testing::Test {
 protected:
  void SetUp() override {
    log::SetLevel(log::Level::kOff);
    const testing::TinyDataset tiny{{"a", "b"}, {"x", "y", "z"}, {{0}, {1}}, {{1}, {2}}, {{2}, {0}}};
    tiny.Write(directory_ / "data");
    dataset_.emplace(directory_ / "data");
    store_.emplace(directory_ / "study", config::StudySettings::Running(), *dataset_);
    spec_.settings.mutable_model()->set_dim(8);
    key_ = store_->Key(spec_);
  }

  static void Write(const std::filesystem::path& path, const std::string& text) {
    std::ofstream(path, std::ios::binary) << text;
  }
  /// As attune train and attune evaluate would have.
  void Finish() {
    store_->Begin(key_, spec_.settings);
    ordered_json metrics;
    for (const std::string& name : eval::MetricNames(false)) metrics[name] = 0.25;
    Write(store_->Summary(key_),
          ordered_json{{"epochs", 3}, {"model_of_epoch", 2}, {"validation", metrics}}.dump());
    RunRecord record = store_->KeepTraining(key_, spec_);
    Write(store_->Ranks(key_), "a\tz\t2\nb\tx\t-\n");
    store_->KeepRanks(key_, spec_, record);
  }

  TemporaryDirectory directory_;
  std::optional<data::Dataset> dataset_;
  std::optional<RunStore> store_;
  RunSpec spec_;
  std::string key_;
};

TEST_F(Store, AFinishedRunIsFound) {
  EXPECT_FALSE(store_->Find(key_));
  Finish();
  const auto record = store_->Find(key_);
  ASSERT_TRUE(record);
  EXPECT_TRUE(record->tested);
  EXPECT_EQ(record->Validation("hr@10"), 0.25);
  EXPECT_EQ(store_->ReadRanks(key_), (std::vector<std::uint32_t>{2, eval::kUnranked}));
}

TEST_F(Store, KeysDependOnWhatDecidesTheOutcome) {
  RunSpec other = spec_;
  other.settings.mutable_model()->set_dim(9);
  EXPECT_NE(store_->Key(other), key_);
  other = spec_;
  other.starts_from = "0123";
  EXPECT_NE(store_->Key(other), key_);
  config::StudySettings::Running running;
  running.set_threads(2);
  EXPECT_NE(RunStore(directory_ / "study", running, *dataset_).Key(spec_), key_);
  running.clear_threads();
  running.set_jobs(7);  // decides nothing
  EXPECT_EQ(RunStore(directory_ / "study", running, *dataset_).Key(spec_), key_);
}

TEST_F(Store, ADamagedRunIsForgotten) {
  const std::vector<std::pair<std::string, std::string>> damages = {
      {"manifest.json", "{"}, {"manifest.json", "{}"}, {"test.tsv", "a\tz\t3\nb\tx\t-\n"}, {"test.tsv", ""}};
  for (const auto& [file, text] : damages) {
    Finish();
    Write(store_->Directory(key_) / file, text);
    EXPECT_FALSE(store_->Find(key_)) << file << ": " << text;
    EXPECT_FALSE(std::filesystem::exists(store_->Directory(key_)));
  }
}

TEST_F(Store, AModelIsThereOnlyIfItIsWhole) {
  const auto write_model = [&] {
    Finish();
    const auto model = store_->Model(key_);
    std::filesystem::create_directories(model);
    Write(model / "U.npy", "numbers");
    ordered_json manifest = {{"kind", model::kModelKind}, {"format_version", model::kModelVersion}};
    io::DescribeFiles(model, manifest);
    io::WriteManifest(model, manifest);
  };
  Finish();
  EXPECT_FALSE(store_->HasModel(key_));
  EXPECT_TRUE(store_->Find(key_)) << "a run that was not chosen needs none";
  write_model();
  EXPECT_TRUE(store_->HasModel(key_));
  for (const char* text : {"Numbers", "number", ""}) {
    write_model();
    Write(store_->Model(key_) / "U.npy", text);
    EXPECT_FALSE(store_->HasModel(key_)) << text;
    EXPECT_FALSE(store_->Find(key_)) << "it is done again";
  }
  for (const char* file : {"U.npy", "manifest.json"}) {
    write_model();
    std::filesystem::remove(store_->Model(key_) / file);
    EXPECT_FALSE(store_->HasModel(key_)) << file;
    EXPECT_FALSE(store_->Find(key_));
  }
}

TEST_F(Store, ARunIsNoOtherRun) {
  Finish();
  const std::string other = "0000000000000000";
  std::filesystem::copy(store_->Directory(key_), store_->Directory(other));
  EXPECT_FALSE(store_->Find(other));
}

TEST_F(Store, RanksMustBeThoseOfTheTestSplit) {
  Finish();
  const auto expect = [&](const std::string& text, const std::string& part) {
    Write(store_->Ranks(key_), text);
    const std::string error = ErrorOf(ErrorKind::kBadInput, [&] { store_->ReadRanks(key_); });
    EXPECT_NE(error.find(part), std::string::npos) << error;
  };
  expect("a\tz\t2\n", "test.tsv:2: the file ends here");
  expect("a\tz\t2\nb\tx\t0\n", "test.tsv:2: '0' is no rank");
  expect("a\tz\t2\nb\ty\t1\n", "expected the rank of item x for user b");
  expect("a\tz\t2\nb\tx\t1\nb\tx\t1\n", "more lines than there are targets");
}

TEST_F(Store, ATrainingWithoutMetricsIsNotKept) {
  store_->Begin(key_, spec_.settings);
  Write(store_->Summary(key_), "{\"validation\": {\"hr@10\": null}}");
  ErrorOf(ErrorKind::kFailed, [&] { store_->KeepTraining(key_, spec_); });
  Write(store_->Summary(key_), "");
  ErrorOf(ErrorKind::kBadInput, [&] { store_->KeepTraining(key_, spec_); });
  EXPECT_FALSE(store_->Find(key_));
}

TEST_F(Store, SaysWhyARunHasFailed) {
  store_->Begin(key_, spec_.settings);
  Write(store_->Log(key_, "train"), "W something\nattune: error: no room\n\n");
  EXPECT_EQ(LastLine(store_->Log(key_, "train")), "no room");
  EXPECT_EQ(LastLine(store_->Log(key_, "test")), "");
}

}  // namespace
}  // namespace attune::launch
