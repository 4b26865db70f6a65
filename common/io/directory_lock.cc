#include "common/io/directory_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <thread>
#include <utility>

#include "common/error.h"

namespace attune::io {
namespace {

constexpr std::chrono::milliseconds kAgain(50);

}  // namespace

DirectoryLock::DirectoryLock(const std::filesystem::path& path, std::chrono::milliseconds patience) {
  fd_ = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd_ < 0) ThrowFailed("{}: cannot open: {}", path.string(), ErrnoText(errno));
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (flock(fd_, LOCK_EX | LOCK_NB) != 0) {
    const int error = errno;
    if (error == EWOULDBLOCK && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(kAgain);
      continue;
    }
    close(std::exchange(fd_, -1));
    if (error == EWOULDBLOCK) ThrowFailed("{}: another process is writing this output", path.string());
    ThrowFailed("{}: cannot lock: {}", path.string(), ErrnoText(error));
  }
}

DirectoryLock::~DirectoryLock() {
  if (fd_ >= 0) close(fd_);
}

DirectoryLock::DirectoryLock(DirectoryLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

}  // namespace attune::io
