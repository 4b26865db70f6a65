#include "launch/runs/make_directory.h"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/expect_error.h"
#include "tests/support/temporary_directory.h"

namespace attune::launch {
namespace {

using testing::ErrorOf;

TEST(MakeDirectory, MakesItOrSaysWhyNot) {
  const testing::TemporaryDirectory directory;
  const auto file = directory / "file";
  std::ofstream(file) << "text";
  for (int again = 0; again < 2; ++again) MakeDirectory(directory / "a/b", "--out");
  EXPECT_TRUE(std::filesystem::is_directory(directory / "a/b"));
  const auto error = [](const std::filesystem::path& path) {
    return ErrorOf(ErrorKind::kUsage, [&] { MakeDirectory(path, "--out"); });
  };
  EXPECT_EQ(error(file), "--out " + file.string() + ": it is no directory; choose another name");
  EXPECT_EQ(error(file / "below"), "--out " + (file / "below").string() +
                                       ": cannot make this directory: Not a directory; choose another name");
}

}  // namespace
}  // namespace attune::launch
