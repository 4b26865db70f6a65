#include "common/data/spill_file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>

#include "common/error.h"

namespace attune::data {

SpillFile::SpillFile(const std::filesystem::path& directory) : directory_(directory) {
  std::string name = (directory / "spill-XXXXXX").string();
  fd_ = mkostemp(name.data(), O_CLOEXEC);
  if (fd_ < 0) ThrowFailed("{}: cannot create a temporary file: {}", directory.string(), ErrnoText(errno));
  unlink(name.c_str());
}

SpillFile::~SpillFile() {
  if (fd_ >= 0) close(fd_);
}

SpillFile::SpillFile(SpillFile&& other) noexcept
    : directory_(std::move(other.directory_)),
      fd_(std::exchange(other.fd_, -1)),
      size_(other.size_),
      buffer_(std::move(other.buffer_)) {}

SpillFile& SpillFile::operator=(SpillFile&& other) noexcept {
  std::swap(directory_, other.directory_);
  std::swap(fd_, other.fd_);
  std::swap(size_, other.size_);
  std::swap(buffer_, other.buffer_);
  return *this;
}

void SpillFile::Flush() {
  WriteAt(size_ - buffer_.size(), buffer_);
  buffer_.clear();
  buffer_.reserve(kBufferBytes);
}

void SpillFile::Finish() {
  Flush();
  buffer_ = {};
}

void SpillFile::WriteAt(std::uint64_t offset, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      ThrowFailed("{}: cannot write a temporary file of {} bytes: {}", directory_.string(),
                  offset + bytes.size(), ErrnoText(errno));
    }
    bytes = bytes.subspan(static_cast<std::size_t>(written));
    offset += static_cast<std::uint64_t>(written);
  }
}

void SpillFile::ReadAt(std::uint64_t offset, std::span<std::byte> bytes) const {
  while (!bytes.empty()) {
    const ssize_t got = pread(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) ThrowFailed("{}: cannot read a temporary file: {}", directory_.string(), ErrnoText(errno));
    ATTUNE_CHECK(got > 0);
    bytes = bytes.subspan(static_cast<std::size_t>(got));
    offset += static_cast<std::uint64_t>(got);
  }
}

}  // namespace attune::data
