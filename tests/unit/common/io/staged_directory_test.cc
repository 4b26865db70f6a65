#include "common/io/staged_directory.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>

#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include "common/error.h"
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

TEST(StagedDirectory, WithoutAKindItSaysOnlyThatThereIsSomething) {
  const TemporaryDirectory directory;
  fs::create_directory(directory / "1");
  EXPECT_EQ(ErrorOf(ErrorKind::kUsage, [&] { StagedDirectory(directory / "1"); }),
            (directory / "1").string() + ": exists already");
}

/// Commits to `final_path`, which has to be refused. Returns the message, which says where the output is.
std::string Refused(const fs::path& final_path, bool overwrite, const std::function<void()>& meanwhile,
                    const RenameFunction& rename = RenameAt) {
  const fs::path complete = StagedDirectory::StagingOf(final_path);
  std::string error;
  {
    StagedDirectory staged(final_path, overwrite, kModel, rename);
    Put(staged.path() / "a", "1");
    meanwhile();
    error = ErrorOf(ErrorKind::kFailed, [&] { staged.Commit(); });
  }
  EXPECT_TRUE(fs::exists(complete / "a"));
  EXPECT_NE(error.find("the complete output is in " + complete.string()), std::string::npos) << error;
  return error;
}

class StagedDirectoryBesideOthers : public ::testing::Test {
 protected:
  void MakeStranger(const fs::path& path) const {
    fs::create_directory(path);
    Put(path / "thesis.txt", "1");
  }
  void MakeModel(const fs::path& path) const {
    fs::create_directories(path);
    Put(path / "manifest.json", R"({"kind": "attune model"})");
  }
  /// Replaces a model, in whose place there is a stranger when it is renamed.
  std::string RefusedAtTheLastMoment(const RenameFunction& rename) const {
    MakeModel(model_);
    bool looked = false;
    return Refused(
        model_, true, [] {},
        [&](const fs::path& from, const fs::path& to, unsigned flags) {
          if (!std::exchange(looked, true)) {
            fs::remove_all(model_);
            MakeStranger(model_);
          }
          return rename(from, to, flags);
        });
  }

  const TemporaryDirectory directory_;
  const fs::path model_ = directory_ / "model";
  const fs::path part_ = directory_ / ".model.attune-part";
};

/// As NFS does.
std::error_code RenameWithoutFlags(const fs::path& from, const fs::path& to, unsigned flags) {
  return flags == 0 ? RenameAt(from, to, 0) : std::make_error_code(std::errc::invalid_argument);
}

TEST_F(StagedDirectoryBesideOthers, WhatAppearsWhileItIsWrittenIsNotReplaced) {
  for (const bool overwrite : {false, true}) {
    const auto final_path = directory_ / std::to_string(overwrite);
    const std::string error = Refused(final_path, overwrite, [&] { MakeStranger(final_path); });
    EXPECT_NE(error.find("appeared while the job ran"), std::string::npos) << error;
    EXPECT_TRUE(fs::exists(final_path / "thesis.txt"));
  }
}

TEST_F(StagedDirectoryBesideOthers, AFileOrALinkThatAppearsIsNotReplaced) {
  MakeModel(directory_ / "far");
  Refused(directory_ / "1", true, [&] { Put(directory_ / "1", "thesis"); });
  Refused(directory_ / "2", true, [&] { fs::create_symlink("nowhere", directory_ / "2"); });
  Refused(directory_ / "3", true, [&] { fs::create_symlink("far", directory_ / "3"); });
  EXPECT_TRUE(fs::is_regular_file(directory_ / "1"));
  EXPECT_TRUE(fs::is_symlink(directory_ / "2") && fs::is_symlink(directory_ / "3"));
}

TEST_F(StagedDirectoryBesideOthers, AnEmptyDirectoryOrAModelThatAppearsIsReplacedWhenToldTo) {
  StagedDirectory staged(model_, true, kModel);
  MakeModel(model_);
  staged.Commit();
  EXPECT_TRUE(fs::is_empty(model_));
  EXPECT_FALSE(fs::exists(part_));
}

TEST_F(StagedDirectoryBesideOthers, WhatAppearsAtTheLastMomentGetsItsNameBack) {
  for (const auto& rename : {RenameAt, RenameWithoutFlags}) {
    const std::string error = RefusedAtTheLastMoment(rename);
    EXPECT_NE(error.find("appeared while the job ran and is no attune model"), std::string::npos) << error;
    EXPECT_TRUE(fs::exists(model_ / "thesis.txt"));
    EXPECT_FALSE(fs::exists(part_ / "old"));
    fs::remove_all(model_);
    fs::remove_all(part_);
  }
}

TEST_F(StagedDirectoryBesideOthers, AStrangerThatCannotGetItsNameBackIsNamedAndKept) {
  MakeModel(model_);
  int calls = 0;
  const auto once = [&](const fs::path& from, const fs::path& to, unsigned flags) {
    if (calls++ > 0) return std::make_error_code(std::errc::io_error);
    fs::remove_all(model_);
    MakeStranger(model_);
    return RenameAt(from, to, flags);
  };
  std::string error;
  {
    StagedDirectory staged(model_, true, kModel, once);
    error = ErrorOf(ErrorKind::kFailed, [&] { staged.Commit(); });
  }
  EXPECT_NE(error.find("is complete, but what appeared there"), std::string::npos) << error;
  EXPECT_NE(error.find((part_ / "new").string()), std::string::npos) << error;
  EXPECT_TRUE(fs::exists(part_ / "new/thesis.txt"));
}

TEST_F(StagedDirectoryBesideOthers, IsReplacedWhereNothingCanBeExchanged) {
  for (const char* text : {"1", "2"}) {
    StagedDirectory staged(model_, true, kModel, RenameWithoutFlags);
    MakeModel(staged.path());
    Put(staged.path() / text, text);
    staged.Commit();
  }
  EXPECT_TRUE(fs::exists(model_ / "2"));
  EXPECT_FALSE(fs::exists(model_ / "1"));
  EXPECT_FALSE(fs::exists(part_));
}

TEST_F(StagedDirectoryBesideOthers, TheOldOneOutlivesThatNothingCanBeRenamedBack) {
  MakeModel(model_);
  int renamed = 0;
  const auto once = [&](const fs::path& from, const fs::path& to, unsigned flags) {
    if (flags == 0 && renamed++ > 0) return std::make_error_code(std::errc::io_error);
    return RenameWithoutFlags(from, to, flags);
  };
  const std::string error = Refused(
      model_, true, [] {}, once);
  EXPECT_NE(error.find("what was there before is in " + (part_ / "old").string()), std::string::npos)
      << error;
  EXPECT_TRUE(fs::exists(part_ / "old/manifest.json"));
}

TEST_F(StagedDirectoryBesideOthers, TheOldOneIsPutBackWhenTheNewOneCannotBeRenamed) {
  MakeModel(model_);
  const auto not_new = [&](const fs::path& from, const fs::path& to, unsigned flags) {
    if (flags == 0 && from.filename() == "new") return std::make_error_code(std::errc::io_error);
    return RenameWithoutFlags(from, to, flags);
  };
  const std::string error = Refused(
      model_, true, [] {}, not_new);
  EXPECT_EQ(error.find("what was there before"), std::string::npos) << error;
  EXPECT_TRUE(fs::exists(model_ / "manifest.json"));
  EXPECT_FALSE(fs::exists(part_ / "old"));
}

TEST_F(StagedDirectoryBesideOthers, WhatCannotBePutBackIsNotRemoved) {
  MakeModel(part_ / "old");
  const auto never = [](const fs::path&, const fs::path&, unsigned) {
    return std::make_error_code(std::errc::io_error);
  };
  const std::string error =
      ErrorOf(ErrorKind::kFailed, [&] { StagedDirectory(model_, true, kModel, never); });
  EXPECT_NE(error.find((part_ / "old").string() + ": is what was at " + model_.string()), std::string::npos)
      << error;
  EXPECT_TRUE(fs::exists(part_ / "old/manifest.json"));
}

TEST_F(StagedDirectoryBesideOthers, WhatWasReplacedWhenItsProcessWasKilledIsRemoved) {
  MakeModel(part_ / "old");
  MakeModel(model_);
  { const StagedDirectory staged(model_, true, kModel); }
  EXPECT_TRUE(fs::exists(model_ / "manifest.json"));
  EXPECT_FALSE(fs::exists(part_));
}

TEST_F(StagedDirectoryBesideOthers, AnEmptyDirectoryIsReplacedByWhatHadSteppedAside) {
  MakeModel(part_ / "old");
  fs::create_directory(model_);
  { const StagedDirectory staged(model_, true, kModel); }
  EXPECT_TRUE(fs::exists(model_ / "manifest.json"));
}

TEST(StagedDirectory, AMountPointIsRefusedBeforeAnythingIsWritten) {
  if (unshare(CLONE_NEWNS) != 0) GTEST_SKIP() << "no mount is allowed here";
  const TemporaryDirectory directory;
  const auto volume = directory / "volume";
  fs::create_directory(volume);
  ASSERT_EQ(mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
  ASSERT_EQ(mount("none", volume.c_str(), "tmpfs", 0, nullptr), 0);
  EXPECT_NE(ErrorOf(ErrorKind::kUsage, [&] { StagedDirectory(volume, true, kModel); })
                .find("volume: is a mount point"),
            std::string::npos);
  EXPECT_EQ(umount(volume.c_str()), 0);
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

/// Tries until nobody else writes this output; that is all that may be in its way.
void WaitFor(const fs::path& final_path) {
  for (;;) {
    try {
      const StagedDirectory next(final_path);
      return;
    } catch (const Error& error) {
      const std::string text = error.what();
      ASSERT_NE(text.find("another process is writing"), std::string::npos) << text;
    }
  }
}

TEST(StagedDirectory, TheNextMayBeginWhileItEnds) {
  const TemporaryDirectory directory;
  constexpr int kRounds = 50;
  for (int round = 0; round < kRounds; ++round) {
    auto first = std::make_unique<StagedDirectory>(directory / "model");
    std::thread next([&] { WaitFor(directory / "model"); });
    first.reset();
    next.join();
  }
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

TEST(StagedDirectory, SaysWhichOutputCannotBeLookedFor) {
  const TemporaryDirectory directory;
  const std::string name(300, 'x');
  EXPECT_EQ(ErrorOf(ErrorKind::kFailed, [&] { StagedDirectory(directory / name, true, kModel); }),
            (directory / name).string() + ": cannot create the output directory: File name too long");
}

}  // namespace
}  // namespace attune::io
