#include "launch/cluster/memory_handover.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string>
#include <system_error>

#include "common/error.h"

namespace attune::launch {
namespace {

using namespace std::chrono_literals;

/// A descriptor, closed at the end.
class OwnFile {
 public:
  explicit OwnFile(int fd = memfd_create("handed", MFD_CLOEXEC)) : fd_(fd) {}
  ~OwnFile() { close(fd_); }
  OwnFile(const OwnFile&) = delete;
  OwnFile& operator=(const OwnFile&) = delete;

  int fd() const { return fd_; }
  ino_t inode() const {
    struct stat status {};
    EXPECT_EQ(fstat(fd_, &status), 0);
    return status.st_ino;
  }

 private:
  const int fd_;
};

std::string UniqueName() {
  return fmt::format("attune-handover-test-{}", getpid());
}

TEST(MemoryHandoverTest, TheSameFileIsHandedOverWithItsLife) {
  const OwnFile given;
  const DescriptorServer server(UniqueName(), given.fd(), 3);
  for (const std::uint32_t least : {0, 1, 3}) {  // also to one that has not heard of the newest life
    const Descriptor taken = ReceiveDescriptor(UniqueName(), least, 5s);
    EXPECT_EQ(taken.life, 3);
    EXPECT_EQ(OwnFile(taken.fd).inode(), given.inode());
  }
}

TEST(MemoryHandoverTest, ThatOfALaterLifeIsWaitedFor) {
  const OwnFile before;
  const OwnFile after;
  std::optional<DescriptorServer> server;
  server.emplace(UniqueName(), before.fd(), 0);
  EXPECT_THROW(ReceiveDescriptor(UniqueName(), 1, 0s), Error);
  std::thread next([&] {
    std::this_thread::sleep_for(100ms);
    server.emplace(UniqueName(), after.fd(), 1);
  });
  const Descriptor taken = ReceiveDescriptor(UniqueName(), 1, 30s);
  next.join();
  EXPECT_EQ(taken.life, 1);
  EXPECT_EQ(OwnFile(taken.fd).inode(), after.inode());
}

TEST(MemoryHandoverTest, AServerThatCannotBeLeavesNoDescriptors) {
  // Without pipes: a sanitizer has one for a moment when the server's thread begins.
  const auto open_now = [] {
    const std::filesystem::directory_iterator all("/proc/self/fd");
    return std::count_if(begin(all), end(all), [](const auto& entry) {
      std::error_code gone;
      const std::string what = std::filesystem::read_symlink(entry.path(), gone).string();
      return !gone && !what.starts_with("pipe:");
    });
  };
  const DescriptorServer first("attune-handover-twice-" + std::to_string(getpid()), 0, 0);
  const auto before = open_now();
  EXPECT_THROW(DescriptorServer("attune-handover-twice-" + std::to_string(getpid()), 0, 0), Error);
  EXPECT_EQ(open_now(), before);
}

TEST(MemoryHandoverTest, NobodyThereIsAnError) {
  EXPECT_THROW(ReceiveDescriptor(UniqueName(), 0, 0s), Error);
}

}  // namespace
}  // namespace attune::launch
