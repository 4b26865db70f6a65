#include "common/io/output_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "common/error.h"

namespace attune::io {
namespace {
constexpr std::size_t kBufferBytes = 1 << 16;
}

OutputFile::OutputFile(const std::filesystem::path& path) : path_(path) {
  fd_ = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd_ < 0) ThrowFailed("{}: cannot create: {}", path.string(), ErrnoText(errno));
  buffer_.reserve(kBufferBytes);
}

OutputFile::OutputFile(OutputFile&& other) noexcept
    : path_(std::move(other.path_)),
      fd_(std::exchange(other.fd_, -1)),
      size_(other.size_),
      buffer_(std::move(other.buffer_)) {}

OutputFile::~OutputFile() {
  if (fd_ >= 0) close(fd_);
}

void OutputFile::Write(std::span<const std::byte> bytes) {
  size_ += bytes.size();
  if (buffer_.size() + bytes.size() <= kBufferBytes) {
    buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
    return;
  }
  size_ -= bytes.size();
  Flush();
  size_ += bytes.size();
  if (bytes.size() < kBufferBytes) {
    buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
  } else {
    WriteFully(size_ - bytes.size(), bytes);
  }
}

void OutputFile::WriteAt(std::uint64_t offset, std::span<const std::byte> bytes) {
  ATTUNE_CHECK(offset + bytes.size() <= size_);
  Flush();
  WriteFully(offset, bytes);
}

void OutputFile::Flush() {
  WriteFully(size_ - buffer_.size(), buffer_);
  buffer_.clear();
}

void OutputFile::WriteFully(std::uint64_t offset, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) ThrowFailed("{}: cannot write: {}", path_.string(), ErrnoText(errno));
    bytes = bytes.subspan(static_cast<std::size_t>(written));
    offset += static_cast<std::uint64_t>(written);
  }
}

void OutputFile::Close() {
  Flush();
  const bool synced = fsync(fd_) == 0 || errno == EINVAL;
  const int sync_error = errno;
  const bool closed = close(std::exchange(fd_, -1)) == 0;
  if (!synced) ThrowFailed("{}: cannot sync: {}", path_.string(), ErrnoText(sync_error));
  if (!closed) ThrowFailed("{}: cannot close: {}", path_.string(), ErrnoText(errno));
}

namespace {

std::filesystem::path TemporaryName(std::filesystem::path path) {
  return path += ".tmp";
}

}  // namespace

AtomicFile::AtomicFile(const std::filesystem::path& path) : path_(path), file_(TemporaryName(path)) {}

AtomicFile::~AtomicFile() {
  if (committed_) return;
  std::error_code ignored;
  std::filesystem::remove(file_.path(), ignored);
}

void AtomicFile::Commit() {
  file_.Close();
  std::filesystem::rename(file_.path(), path_);
  committed_ = true;
}

void WriteFileAtomically(const std::filesystem::path& path, std::string_view text) {
  AtomicFile file(path);
  file.Write(text);
  file.Commit();
}

}  // namespace attune::io
