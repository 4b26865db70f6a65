#include "common/data/vector_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "common/error.h"

namespace attune::data {
namespace {

constexpr std::size_t kHeaderBytes = 1 << 16;

/// A descriptor for reading. Throws Error(kBadInput) naming the file.
int Open(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // a pipe is refused, not waited for
  if (fd < 0) ThrowBadInput("{}: cannot open: {}", path, ErrnoText(errno));
  return fd;
}

}  // namespace

VectorFile::VectorFile(const std::string& path) : path_(path), fd_(Open(path)) {
  try {
    struct stat status {};
    if (fstat(fd_, &status) != 0) ThrowBadInput("{}: cannot read: {}", path, ErrnoText(errno));
    if (!S_ISREG(status.st_mode)) ThrowBadInput("{}: not a regular file", path);
    const auto bytes = static_cast<std::uint64_t>(status.st_size);
    std::vector<std::byte> head(std::min<std::uint64_t>(bytes, kHeaderBytes));
    ReadAt(0, head);
    header_ = io::ParseNpyHeader(head, bytes, path, "little-endian f2 or f4, as array.astype('<f4') gives");
    CheckHeader();
  } catch (...) {
    close(fd_);
    throw;
  }
}

VectorFile::~VectorFile() {
  close(fd_);
}

void VectorFile::WillNeed(std::uint64_t first, std::uint64_t count) const {
  posix_fadvise(fd_, static_cast<off_t>(header_.data_offset + first * row_bytes()),
                static_cast<off_t>(count * row_bytes()), POSIX_FADV_WILLNEED);
}

void VectorFile::CheckHeader() const {
  if (header_.dtype != io::DType::kF16 && header_.dtype != io::DType::kF32) {
    ThrowBadInput("{}: elements of type {}, expected <f2 or <f4 (float16 or float32)", path_,
                  io::DTypeCode(header_.dtype));
  }
  const std::size_t dimensions = header_.shape.size();
  if (dimensions != 2 && dimensions != 3) {
    ThrowBadInput("{}: {} dimension{}, expected [rows, Dx] or [items, components, Dx]", path_, dimensions,
                  dimensions == 1 ? "" : "s");
  }
  if (header_.count() == 0) ThrowBadInput("{}: the array is empty", path_);
}

void VectorFile::ReadAt(std::uint64_t offset, std::span<std::byte> bytes) const {
  while (!bytes.empty()) {
    const ssize_t got = pread(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0)
      ThrowBadInput("{}: cannot read: {}", path_, got == 0 ? "file became shorter" : ErrnoText(errno));
    bytes = bytes.subspan(static_cast<std::size_t>(got));
    offset += static_cast<std::uint64_t>(got);
  }
}

}  // namespace attune::data
