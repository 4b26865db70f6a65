#include "ps/host_memory.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <fstream>
#include <string>

#include "tests/support/expect_error.h"
#include "tests/support/temporary_directory.h"

namespace attune::ps {
namespace {

HostShape Shape() {
  return {{1, 2, 3}, 5'000'000, 1000, 64};
}

TEST(HostMemory, OthersSeeWhatOneWrites) {
  const HostMemory memory = HostMemory::Create(Shape());
  const pid_t child = fork();
  if (child == 0) {
    const HostMemory same = HostMemory::Open(dup(memory.fd()), Shape());
    same.Users().data()[4'999'999] = std::byte{7};
    same.Theta().data()[0] = std::byte{8};
    _exit(0);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_EQ(status, 0);
  EXPECT_EQ(memory.Users().data()[4'999'999], std::byte{7});
  EXPECT_EQ(memory.Theta().data()[0], std::byte{8});
  EXPECT_EQ(memory.Items().data()[0], std::byte{0});
  EXPECT_EQ(memory.Items().size(), 1000u);
}

TEST(HostMemory, AFileHasNoNameEither) {
  const testing::TemporaryDirectory directory;
  const HostMemory memory = HostMemory::Create(Shape(), directory / "");
  EXPECT_TRUE(std::filesystem::is_empty(directory / ""));
  memory.Items().data()[0] = std::byte{9};
  EXPECT_EQ(HostMemory::Open(dup(memory.fd()), Shape()).Items().data()[0], std::byte{9});
  testing::ErrorOf(ErrorKind::kFailed, [&] { HostMemory::Create(Shape(), directory / "missing"); });
}

/// Bytes of the mapping at that address that are in huge pages.
std::size_t HugeBytesAt(const std::byte* address) {
  std::ifstream smaps("/proc/self/smaps");
  const std::string begin = fmt::format("{:x}-", reinterpret_cast<std::uintptr_t>(address));
  std::string word;
  while (smaps >> word && !word.starts_with(begin)) {
  }
  while (smaps >> word && word != "ShmemPmdMapped:") {
  }
  std::size_t kilobytes = 0;
  smaps >> kilobytes;
  return kilobytes * 1024;
}

TEST(HostMemory, MovesIntoHugePagesAsItIs) {
  HostShape shape = Shape();
  shape.items = 2 * Mapping::kHugePage + 1000;
  const HostMemory memory = HostMemory::Create(shape);
  const Mapping items = memory.Items();
  const Mapping others = memory.Items(100);
  for (const Mapping* one : {&items, &others}) {
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(one->data()) % Mapping::kHugePage, 0u);
  }
  for (std::size_t n = 0; n < items.size(); ++n) items.data()[n] = static_cast<std::byte>(n % 251);
  constexpr int kCollapse = 25;  // MADV_COLLAPSE
  std::byte* const first = items.data();
  const bool can = madvise(first, Mapping::kHugePage, kCollapse) == 0;
  items.UseHugePages(0, items.size());
  const std::size_t huge = HugeBytesAt(first);
  for (std::size_t n = 0; n < items.size(); ++n) {
    ASSERT_EQ(first[n], static_cast<std::byte>(n % 251));
    ASSERT_EQ(others.data()[n], first[n]);
  }
  if (!can) GTEST_SKIP() << "this system has no huge pages for shared memory now";
  EXPECT_EQ(huge, 2 * Mapping::kHugePage);
}

TEST(HostMemory, CannotBeCutOff) {
  const HostMemory memory = HostMemory::Create(Shape());
  EXPECT_NE(ftruncate(memory.fd(), 0), 0);
}

TEST(HostMemory, OtherMemoryIsRefused) {
  const HostMemory memory = HostMemory::Create(Shape());
  HostShape other = Shape();
  other.job[15] = 1;
  const auto open = [&](int fd, const HostShape& shape) {
    return testing::ErrorOf(ErrorKind::kFailed, [&] { HostMemory::Open(fd, shape); });
  };
  EXPECT_NE(open(dup(memory.fd()), other).find("of another job"), std::string::npos);
  other = Shape();
  other.users *= 2;
  EXPECT_NE(open(dup(memory.fd()), other).find("expected"), std::string::npos);
  open(::open("/dev/null", O_RDWR | O_CLOEXEC), Shape());
}

TEST(HostMemory, MoreThanThereIsIsSaidBeforeItIsTaken) {
  HostShape huge = Shape();
  huge.users = std::uint64_t{1} << 50;
  const std::string text = testing::ErrorOf(ErrorKind::kFailed, [&] { HostMemory::Create(huge); });
  EXPECT_NE(text.find("the tables need 1"), std::string::npos) << text;
}

}  // namespace
}  // namespace attune::ps
