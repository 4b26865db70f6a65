#include "common/io/staged_directory.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "common/error.h"
#include "tests/support/temporary_directory.h"

namespace attune::io {
namespace {

using testing::TemporaryDirectory;

void Put(const std::filesystem::path& path, const std::string& text) {
  std::ofstream(path) << text;
}

TEST(StagedDirectory, AppearsOnlyWhenCommitted) {
  const TemporaryDirectory directory;
  const auto final_path = directory / "model";
  {
    StagedDirectory staged(final_path, false);
    Put(staged.path() / "a", "1");
    EXPECT_FALSE(std::filesystem::exists(final_path));
    staged.Commit();
  }
  EXPECT_TRUE(std::filesystem::exists(final_path / "a"));
  EXPECT_FALSE(std::filesystem::exists(directory / "model.tmp"));
}

TEST(StagedDirectory, LeavesNothingWhenItIsAbandoned) {
  const TemporaryDirectory directory;
  {
    StagedDirectory staged(directory / "model/", false);
    Put(staged.path() / "a", "1");
  }
  EXPECT_TRUE(std::filesystem::is_empty(directory.path()));
}

TEST(StagedDirectory, ReplacesOnlyWhenToldTo) {
  const TemporaryDirectory directory;
  std::filesystem::create_directory(directory / "model");
  Put(directory / "model/old", "1");
  EXPECT_THROW(StagedDirectory(directory / "model", true), Error);  // nothing says that it is ours
  Put(directory / "model/manifest.json", "{}");
  EXPECT_THROW(StagedDirectory(directory / "model", false), Error);
  StagedDirectory staged(directory / "model", true);
  Put(staged.path() / "new", "1");
  staged.Commit();
  EXPECT_TRUE(std::filesystem::exists(directory / "model/new"));
  EXPECT_FALSE(std::filesystem::exists(directory / "model/old"));
  EXPECT_FALSE(std::filesystem::exists(directory / "model.tmp"));
}

TEST(StagedDirectory, TakesOverWhatAKilledProcessLeftButNotALivingOnes) {
  const TemporaryDirectory directory;
  std::filesystem::create_directory(directory / "model.tmp");
  Put(directory / "model.tmp/rubbish", "1");
  const StagedDirectory staged(directory / "model", false);
  EXPECT_FALSE(std::filesystem::exists(staged.path() / "rubbish"));
  EXPECT_THROW(StagedDirectory(directory / "model", false), Error);
}

TEST(StagedDirectory, SaysWhereItCannotWrite) {
  const TemporaryDirectory directory;
  Put(directory / "file", "1");
  EXPECT_THROW(StagedDirectory(directory / "file" / "model", false), Error);
}

}  // namespace
}  // namespace attune::io
