#include "launch/lost_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "common/error.h"
#include "common/io/mapped_file.h"
#include "tests/support/temporary_directory.h"

namespace attune::launch {
namespace {

TEST(LostFile, AFileThatBecomesShorterIsNamed) {
  const testing::TemporaryDirectory directory;
  const auto path = directory / "vectors.npy";
  std::ofstream(path) << std::string(100'000, 'x');
  const auto read_end = [&] {
    ReportLostFiles();
    const io::MappedFile file(path);
    std::filesystem::resize_file(path, 10);
    const volatile std::byte* bytes = file.bytes().data();
    static_cast<void>(bytes[90'000]);
    _exit(0);
  };
  EXPECT_EXIT(read_end(), ::testing::ExitedWithCode(static_cast<int>(ErrorKind::kBadInput)),
              "attune: error: .*/vectors.npy: cannot be read any more");
}

}  // namespace
}  // namespace attune::launch
