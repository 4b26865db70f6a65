#include "common/io/json_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/support/expect_error.h"
#include "tests/support/temporary_directory.h"

namespace attune::io {
namespace {

using nlohmann::ordered_json;

class ManifestTest : public ::testing::Test {
 protected:
  ManifestTest() {
    Put("a", "one");
    Put("b", "two");
    DescribeFiles(directory_.path(), manifest_);
  }
  void Put(const std::string& name, const std::string& text) {
    std::ofstream(directory_ / name, std::ios::binary) << text;
  }
  std::string Problems() const {
    std::string text;
    for (const std::string& problem : VerifyChecksums(directory_.path(), manifest_)) text += problem + "\n";
    return text;
  }

  const testing::TemporaryDirectory directory_;
  ordered_json manifest_;
};

TEST_F(ManifestTest, WhatWasDescribedVerifies) {
  EXPECT_EQ(Problems(), "");
}

TEST_F(ManifestTest, AFifoInItsPlaceIsRefusedAtOnce) {
  ASSERT_EQ(mkfifo((directory_ / "manifest.json").c_str(), 0600), 0);
  const std::string text =
      testing::ErrorOf(ErrorKind::kBadInput, [&] { ReadManifest(directory_.path(), "model", 1); });
  EXPECT_NE(text.find("manifest.json: not a regular file"), std::string::npos) << text;
}

TEST_F(ManifestTest, EveryDamagedFileIsNamed) {
  Put("a", "oneX");
  Put("b", "twO");
  EXPECT_NE(Problems().find("a: 4 bytes, the manifest says 3"), std::string::npos);
  EXPECT_NE(Problems().find("b: checksum"), std::string::npos);
}

TEST_F(ManifestTest, FilesThatAreNoObjectAreRefused) {
  for (const ordered_json& files : {ordered_json(), ordered_json::array()}) {
    WriteManifest(directory_.path(), {{"kind", "attune test"}, {"format_version", 1}, {"files", files}});
    const std::string error =
        testing::ErrorOf(ErrorKind::kBadInput, [&] { ReadManifest(directory_.path(), "attune test", 1); });
    EXPECT_NE(error.find("manifest.json: 'files' is"), std::string::npos) << error;
  }
}

TEST_F(ManifestTest, ASizeThatIsNoWholeNumberIsRefused) {
  for (const ordered_json& bytes :
       {ordered_json(1e300), ordered_json(-1), ordered_json("3"), ordered_json(3.5)}) {
    manifest_["kind"] = "attune test";
    manifest_["format_version"] = 1;
    manifest_["files"]["a"]["bytes"] = bytes;
    EXPECT_NE(Problems().find("the entry of 'a' lacks bytes"), std::string::npos);
    WriteManifest(directory_.path(), manifest_);
    const std::string error =
        testing::ErrorOf(ErrorKind::kBadInput, [&] { ReadManifest(directory_.path(), "attune test", 1); });
    EXPECT_NE(error.find("no whole number"), std::string::npos) << error;
  }
}

TEST_F(ManifestTest, ThatWasChangedIsRefused) {
  manifest_["kind"] = "attune test";
  manifest_["format_version"] = 1;
  manifest_["loss"] = 0.1;
  WriteManifest(directory_.path(), manifest_);
  ordered_json read = ReadManifest(directory_.path(), "attune test", 1);
  EXPECT_TRUE(HasDigest(read));
  Put("manifest.json", read.dump());  // laid out in another way
  EXPECT_EQ(ReadManifest(directory_.path(), "attune test", 1), read);
  read["loss"] = 0.2;
  Put("manifest.json", read.dump());
  const std::string error =
      testing::ErrorOf(ErrorKind::kBadInput, [&] { ReadManifest(directory_.path(), "attune test", 1); });
  EXPECT_NE(error.find("manifest.json: was changed or damaged"), std::string::npos) << error;
  WriteManifest(directory_.path(), read);  // with the digest of what it says now
  EXPECT_EQ(ReadManifest(directory_.path(), "attune test", 1)["loss"], 0.2);
  read.erase("manifest_digest");
  Put("manifest.json", read.dump());  // as early versions have written it
  EXPECT_FALSE(HasDigest(ReadManifest(directory_.path(), "attune test", 1)));
}

TEST_F(ManifestTest, MissingFileIsAProblemLikeOthers) {
  std::filesystem::remove(directory_ / "a");
  Put("b", "twO");
  EXPECT_NE(Problems().find((directory_ / "a").string()), std::string::npos);
  EXPECT_NE(Problems().find("b: checksum"), std::string::npos);
}

TEST_F(ManifestTest, DamagedManifestsAreProblemsToo) {
  manifest_["files"]["../secret"] = manifest_["files"]["a"];
  manifest_["files"]["b"].erase("xxh3");
  EXPECT_NE(Problems().find("'../secret' leaves the directory"), std::string::npos);
  EXPECT_NE(Problems().find("the entry of 'b' lacks bytes or xxh3"), std::string::npos);
  manifest_["files"] = 3;
  EXPECT_EQ(Problems(), (directory_ / "manifest.json").string() + ": names no files\n");
  EXPECT_EQ(VerifyChecksums(directory_.path(), ordered_json("text")).size(), 1u);
}

}  // namespace
}  // namespace attune::io
