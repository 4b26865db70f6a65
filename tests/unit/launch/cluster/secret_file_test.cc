#include "launch/cluster/secret_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "tests/support/expect_error.h"
#include "tests/support/temporary_directory.h"

namespace attune::launch {
namespace {

using testing::ErrorOf;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

class SecretFile : public ::testing::Test {
 protected:
  void Write(const std::string& text, fs::perms mode) {
    std::ofstream(path_) << text;
    fs::permissions(path_, mode);
  }
  std::string Error() const {
    return ErrorOf(ErrorKind::kBadInput, [this] { ReadSecret(path_); });
  }

  const testing::TemporaryDirectory directory_;
  const fs::path path_ = directory_ / "secret";
  static constexpr fs::perms kOwner = fs::perms::owner_read | fs::perms::owner_write;
};

TEST_F(SecretFile, IsReadWithoutSpacesAtItsEnds) {
  Write(" 0123456789 abcdef\r\n\n", kOwner);
  EXPECT_EQ(ReadSecret(path_), "0123456789 abcdef");
}

TEST_F(SecretFile, ThatOthersMayReadIsRefused) {
  Write("0123456789abcdef", kOwner | fs::perms::group_read);
  EXPECT_THAT(Error(), HasSubstr("0640"));
  Write("0123456789abcdef", kOwner | fs::perms::group_read | fs::perms::others_read);
  EXPECT_THAT(Error(), HasSubstr("0644"));
  Write("0123456789abcdef", kOwner | fs::perms::others_write);
  EXPECT_THAT(Error(), HasSubstr("chmod 600"));
}

TEST_F(SecretFile, ThatIsTooShortOrTooLongIsRefused) {
  Write("short\n", kOwner);
  EXPECT_THAT(Error(), HasSubstr("5 characters"));
  Write(std::string(5000, 'x'), kOwner);
  EXPECT_THAT(Error(), HasSubstr("4097 characters"));
}

TEST_F(SecretFile, ThatIsEmptyIsRefused) {
  Write(" \n", kOwner);
  EXPECT_THAT(Error(), HasSubstr("0 characters"));
}

TEST_F(SecretFile, OfAnotherUserIsRefused) {
  Write("0123456789abcdef", kOwner);
  if (chown(path_.c_str(), 4711, static_cast<gid_t>(-1)) != 0)
    GTEST_SKIP() << "only root may give a file away";
  EXPECT_THAT(Error(), HasSubstr("user 4711"));
}

TEST_F(SecretFile, BehindALinkIsRefused) {
  Write("0123456789abcdef", kOwner);
  fs::create_symlink(path_, directory_ / "link");
  EXPECT_THAT(ErrorOf(ErrorKind::kBadInput, [this] { ReadSecret(directory_ / "link"); }),
              HasSubstr("symbolic link"));
}

TEST_F(SecretFile, ThatIsNoFileIsRefused) {
  EXPECT_THAT(Error(), HasSubstr("No such file"));
  fs::create_directory(path_);
  fs::permissions(path_, fs::perms::owner_all);
  EXPECT_THAT(Error(), HasSubstr("is no file"));
}

}  // namespace
}  // namespace attune::launch
