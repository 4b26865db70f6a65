#include "common/io/regular_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "common/error.h"

namespace attune::io {

RegularFile::RegularFile(const std::filesystem::path& path)
    : path_(path),
      fd_(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)) {  // a FIFO is opened at once, and refused
  if (fd_ < 0) {
    if (errno == ENXIO) ThrowBadInput("{}: not a regular file", path.string());  // a socket
    ThrowBadInput("{}: cannot open: {}", path.string(), ErrnoText(errno));
  }
  struct stat status {};
  if (fstat(fd_, &status) != 0 || !S_ISREG(status.st_mode)) {
    close(fd_);
    ThrowBadInput("{}: not a regular file", path.string());
  }
  bytes_ = static_cast<std::uint64_t>(status.st_size);
}

RegularFile::~RegularFile() {
  close(fd_);
}

std::size_t RegularFile::Read(std::span<char> buffer) {
  for (;;) {
    const ssize_t got = read(fd_, buffer.data(), buffer.size());
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR) ThrowBadInput("{}: cannot read: {}", path_.string(), ErrnoText(errno));
  }
}

}  // namespace attune::io
