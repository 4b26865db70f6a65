#include "common/io/paths.h"

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "tests/support/temporary_directory.h"

namespace attune::io {
namespace {

namespace fs = std::filesystem;

TEST(IsWithin, SeesThroughLinksAndDots) {
  const testing::TemporaryDirectory directory;
  const fs::path root = directory.path();
  fs::create_directories(root / "data/train");
  fs::create_symlink(root, root / "self");
  fs::create_symlink("data/train", root / "slices");
  EXPECT_TRUE(IsWithin(root / "data", root / "data"));
  EXPECT_TRUE(IsWithin(root / "data/", root / "self/data"));
  EXPECT_TRUE(IsWithin(root / "self/self/data/x", root / "data"));
  EXPECT_TRUE(IsWithin(root / "slices/new", root / "data"));
  EXPECT_TRUE(IsWithin(root / "slices/..", root / "data"));  // not root: .. is that of where the link leads
  EXPECT_FALSE(IsWithin(root / "data", root / "data/train"));
  EXPECT_FALSE(IsWithin(root / "data2", root / "data"));
}

TEST(FollowLinks, AnEmptyNameIsRefused) {
  testing::ErrorOf(ErrorKind::kUsage, [] { FollowLinks(""); });
}

}  // namespace
}  // namespace attune::io
