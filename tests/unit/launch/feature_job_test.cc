#include "launch/feature_job.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <fstream>
#include <limits>
#include <map>
#include <sstream>

#include "common/io/json_file.h"
#include "common/log.h"
#include "tests/support/expect_error.h"
#include "tests/support/temporary_directory.h"

namespace attune::launch {
namespace {

using testing::ErrorOf;
using testing::TemporaryDirectory;

std::string Slurp(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

std::map<std::string, std::string> Contents(const std::filesystem::path& directory) {
  std::map<std::string, std::string> contents;
  for (const auto& entry : std::filesystem::directory_iterator(directory))
    contents[entry.path().filename().string()] = Slurp(entry.path());
  return contents;
}

/// A picture gives two vectors of the number in its file, a video one frame; "bad" is unreadable.
class FakeExtractor : public media::Extractor {
 public:
  explicit FakeExtractor(std::atomic<int>& calls) : calls_(calls) {}

  media::Components Extract(const media::MediaFile& file) override {
    ++calls_;
    const std::string text = Slurp(file.path);
    if (text == "bad") throw media::UnreadableMedia("it is bad");
    const float value = std::stof(text);
    if (file.kind == media::MediaKind::kVideo) return {{0, 0}, {1.5}, 2, {value, value}};
    return {{2, 1}, {}, 2, {value, 1, value, 2}};
  }

 private:
  std::atomic<int>& calls_;
};

class FeatureJob : public ::testing::Test {
 protected:
  FeatureJob() {
    log::SetLevel(log::Level::kOff);
    options.out = directory / "features";
    options.described = {{"layer", "x"}};
    options.skip_limit = 1;
    options.make_extractor = [this] { return std::make_unique<FakeExtractor>(calls); };
  }

  void AddFile(const std::string& item, const std::string& text,
               media::MediaKind kind = media::MediaKind::kImage) {
    const auto path = directory / (item + ".file");
    std::ofstream(path) << text;
    options.files.push_back({item, path, kind});
  }
  void AddFiles(int count) {
    for (int n = 0; n < count; ++n) AddFile("item-" + std::to_string(1000 + n), std::to_string(n));
  }

  TemporaryDirectory directory;
  std::atomic<int> calls{0};
  FeatureJobOptions options;
};

TEST_F(FeatureJob, WritesVectorsIndexAndDescription) {
  options.dtype = io::DType::kF32;
  AddFile("a", "5");
  AddFile("b", "bad");
  AddFile("c", "6", media::MediaKind::kVideo);
  const FeatureJobReport report = RunFeatureJob(options);
  EXPECT_EQ(report.rows, 3);
  EXPECT_EQ(report.skipped, 1);
  EXPECT_EQ(Slurp(options.out / "features_index.tsv"), "item\tfirst_row\tn_rows\na\t0\t2\nc\t2\t1\n");
  const io::NpyView vectors(options.out / "features.npy");
  vectors.RequireShape(std::vector<std::uint64_t>{3, 2});
  const auto values = vectors.As<float>();
  EXPECT_EQ(std::vector<float>(values.begin(), values.end()), (std::vector<float>{5, 1, 5, 2, 6, 6}));
  const auto description = io::ReadJson(options.out / "features.json");
  EXPECT_EQ(description["layer"], "x");
  EXPECT_EQ(description["items"][0]["grid"], (nlohmann::ordered_json{2, 1}));
  EXPECT_EQ(description["items"][1]["frame_seconds"][0], 1.5);
  EXPECT_EQ(description["skipped"][0]["item"], "b");
  EXPECT_FALSE(std::filesystem::exists(PartialDirectory(options.out)));
}

TEST_F(FeatureJob, TheBytesDoNotDependOnThreadsOrInterruptions) {
  AddFiles(200);
  RunFeatureJob(options);
  const auto expected = Contents(options.out);
  options.out = directory / "stopped";
  options.threads = 3;
  calls = 0;
  options.stop = [this] { return calls >= 100; };
  ErrorOf(ErrorKind::kInterrupted, [&] { RunFeatureJob(options); });
  EXPECT_FALSE(std::filesystem::exists(options.out));
  options.stop = [] { return false; };
  calls = 0;
  const FeatureJobReport report = RunFeatureJob(options);
  EXPECT_GE(report.kept, 80);
  EXPECT_EQ(report.kept + static_cast<std::size_t>(calls), 200);
  EXPECT_EQ(Contents(options.out), expected);
}

TEST_F(FeatureJob, AFileThatChangedIsLookedAtAgain) {
  AddFiles(3);
  AddFile("last", "bad");
  options.skip_limit = 0;
  ErrorOf(ErrorKind::kBadInput, [&] { RunFeatureJob(options); });
  std::ofstream(directory / "last.file") << "77";
  calls = 0;
  EXPECT_EQ(RunFeatureJob(options).kept, 3);
  EXPECT_EQ(calls, 1);
}

TEST_F(FeatureJob, OtherSettingsDoNotContinueARun) {
  AddFiles(3);
  options.stop = [this] { return calls >= 2; };
  ErrorOf(ErrorKind::kInterrupted, [&] { RunFeatureJob(options); });
  options.stop = [] { return false; };
  options.described["layer"] = "y";
  const std::string error = ErrorOf(ErrorKind::kUsage, [&] { RunFeatureJob(options); });
  EXPECT_NE(error.find("(layer)"), std::string::npos) << error;
  options.overwrite = true;
  EXPECT_EQ(RunFeatureJob(options).kept, 0);
}

TEST_F(FeatureJob, TooManyUnreadableFilesEndTheJob) {
  AddFile("a", "1");
  AddFile("b", "bad");
  AddFile("c", "bad");
  EXPECT_NE(ErrorOf(ErrorKind::kBadInput, [&] { RunFeatureJob(options); }).find("--skip-limit = 1"),
            std::string::npos);
  options.files.erase(options.files.begin());
  options.skip_limit = 2;
  EXPECT_NE(ErrorOf(ErrorKind::kBadInput, [&] { RunFeatureJob(options); }).find("none of the 2 files"),
            std::string::npos);
}

TEST_F(FeatureJob, NumbersThatCannotBeStoredNameTheItem) {
  AddFile("first", "1");
  AddFile("second", "nan");
  EXPECT_NE(ErrorOf(ErrorKind::kBadInput, [&] { RunFeatureJob(options); }).find("'second'"),
            std::string::npos);
  std::ofstream(directory / "second.file") << "70000";
  EXPECT_NE(ErrorOf(ErrorKind::kBadInput, [&] { RunFeatureJob(options); }).find("--dtype f32"),
            std::string::npos);
}

TEST_F(FeatureJob, ExistingFeaturesAreReplacedOnlyWhenToldTo) {
  AddFiles(2);
  RunFeatureJob(options);
  ErrorOf(ErrorKind::kUsage, [&] { RunFeatureJob(options); });
  options.overwrite = true;
  RunFeatureJob(options);
}

TEST_F(FeatureJob, WhatIsDoneIsKeptWhereALinkLeadsTo) {
  std::filesystem::create_directory(directory / "far");
  std::filesystem::create_symlink("far/features", options.out);
  EXPECT_EQ(PartialDirectory(options.out),
            std::filesystem::canonical(directory / "far") / "features.partial");
  EXPECT_EQ(PartialDirectory(directory / "far/features/"), PartialDirectory(options.out));
}

TEST_F(FeatureJob, ANetworkThatCannotBeUsedLeavesNothing) {
  AddFiles(2);
  options.make_extractor = []() -> std::unique_ptr<media::Extractor> { ThrowBadInput("no network"); };
  ErrorOf(ErrorKind::kBadInput, [&] { RunFeatureJob(options); });
  EXPECT_FALSE(std::filesystem::exists(PartialDirectory(options.out)));
}

}  // namespace
}  // namespace attune::launch
