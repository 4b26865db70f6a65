#include "common/io/staged_directory.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "tests/support/expect_error.h"
#include "tests/support/temporary_directory.h"

namespace attune::io {
namespace {

namespace fs = std::filesystem;
using testing::ErrorOf;

using testing::TemporaryDirectory;

constexpr DirectoryKind kModel{"attune model"};

void Put(const fs::path& path, const std::string& text) {
  std::ofstream(path) << text;
}

TEST(StagedDirectory, AppearsOnlyWhenCommitted) {
  const TemporaryDirectory directory;
  const auto final_path = directory / "model";
  {
    StagedDirectory staged(final_path);
    Put(staged.path() / "a", "1");
    EXPECT_FALSE(fs::exists(final_path));
    staged.Commit();
  }
  EXPECT_TRUE(fs::exists(final_path / "a"));
  EXPECT_FALSE(fs::exists(directory / ".model.attune-part"));
}

TEST(StagedDirectory, LeavesNothingWhenItIsAbandoned) {
  const TemporaryDirectory directory;
  {
    StagedDirectory staged(directory / "model/");
    Put(staged.path() / "a", "1");
  }
  EXPECT_TRUE(fs::is_empty(directory.path()));
}

TEST(StagedDirectory, ReplacesOnlyWhenToldTo) {
  const TemporaryDirectory directory;
  fs::create_directory(directory / "model");
  Put(directory / "model/old", "1");
  Put(directory / "model/manifest.json", R"({"kind": "attune model"})");
  EXPECT_NE(ErrorOf(ErrorKind::kUsage, [&] { StagedDirectory(directory / "model", false, kModel); })
                .find("pass --overwrite"),
            std::string::npos);
  StagedDirectory staged(directory / "model", true, kModel);
  Put(staged.path() / "new", "1");
  staged.Commit();
  EXPECT_TRUE(fs::exists(directory / "model/new"));
  EXPECT_FALSE(fs::exists(directory / "model/old"));
  EXPECT_FALSE(fs::exists(directory / ".model.attune-part"));
}

TEST(StagedDirectory, ReplacesOnlyItsOwnKind) {
  const TemporaryDirectory directory;
  fs::create_directory(directory / "data");
  const auto refused = [&] {
    return ErrorOf(ErrorKind::kUsage, [&] { StagedDirectory(directory / "data", true, kModel); });
  };
  Put(directory / "data/thesis.txt", "1");
  EXPECT_NE(refused().find("is no attune model: it is never replaced"), std::string::npos);
  Put(directory / "data/manifest.json", R"({"kind": "attune dataset"})");
  EXPECT_NE(refused().find("is no attune model but an attune dataset"), std::string::npos);
  for (const char* damaged : {"{", "[]", "{}", R"({"kind": 7})"}) {
    Put(directory / "data/manifest.json", damaged);
    refused();
  }
  EXPECT_TRUE(fs::exists(directory / "data/thesis.txt"));
  EXPECT_EQ(std::distance(fs::directory_iterator(directory.path()), {}), 1);
}

TEST(StagedDirectory, TakesOverWhatAKilledProcessLeftButNotALivingOnes) {
  const TemporaryDirectory directory;
  fs::create_directories(directory / ".model.attune-part/new");
  Put(directory / ".model.attune-part/new/rubbish", "1");
  const StagedDirectory staged(directory / "model");
  EXPECT_FALSE(fs::exists(staged.path() / "rubbish"));
  EXPECT_NE(ErrorOf(ErrorKind::kFailed, [&] { StagedDirectory(directory / "model"); })
                .find("another process is writing this output"),
            std::string::npos);
}

TEST(StagedDirectory, PutsBackWhatAKilledProcessHadMovedAside) {
  const TemporaryDirectory directory;
  fs::create_directories(directory / ".model.attune-part/old");
  Put(directory / ".model.attune-part/old/manifest.json", R"({"kind": "attune model"})");
  { const StagedDirectory staged(directory / "model", true, kModel); }
  EXPECT_TRUE(fs::exists(directory / "model/manifest.json"));
}

TEST(StagedDirectory, LeavesAnothersFilesAlone) {
  const TemporaryDirectory directory;
  fs::create_directories(directory / "precious");
  Put(directory / "precious/thesis.txt", "1");
  const auto refused = [&] {
    return ErrorOf(ErrorKind::kFailed, [&] { StagedDirectory(directory / "model"); });
  };
  fs::create_symlink("precious", directory / ".model.attune-part");
  EXPECT_NE(refused().find("is no directory that attune has made"), std::string::npos);
  fs::remove(directory / ".model.attune-part");
  fs::rename(directory / "precious", directory / ".model.attune-part");
  EXPECT_NE(refused().find("holds 'thesis.txt', which attune has not made"), std::string::npos);
  EXPECT_TRUE(fs::exists(directory / ".model.attune-part/thesis.txt"));
}

TEST(StagedDirectory, ADirectoryCalledTmpIsTheUsers) {
  const TemporaryDirectory directory;
  fs::create_directories(directory / "model.tmp");
  Put(directory / "model.tmp/thesis.txt", "1");
  StagedDirectory(directory / "model").Commit();
  EXPECT_TRUE(fs::exists(directory / "model.tmp/thesis.txt"));
}

TEST(StagedDirectory, FollowsALink) {
  const TemporaryDirectory directory;
  fs::create_symlink("far", directory / "model");
  StagedDirectory(directory / "model").Commit();
  EXPECT_TRUE(fs::is_symlink(directory / "model"));
  EXPECT_TRUE(fs::is_directory(directory / "far"));
}

TEST(StagedDirectory, SaysWhereItCannotWrite) {
  const TemporaryDirectory directory;
  Put(directory / "file", "1");
  EXPECT_NE(ErrorOf(ErrorKind::kFailed, [&] { StagedDirectory(directory / "file" / "model"); })
                .find("file/model: cannot create the output directory"),
            std::string::npos);
}

}  // namespace
}  // namespace attune::io
