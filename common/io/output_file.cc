#include "common/io/output_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "common/error.h"
#include "common/io/part_file.h"
#include "common/io/paths.h"
#include "common/io/special_file.h"

namespace attune::io {
namespace {

constexpr std::size_t kBufferBytes = 1 << 16;

int Create(const std::filesystem::path& path) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) ThrowFailed("{}: cannot create: {}", path.string(), ErrnoText(errno));
  return fd;
}

int OpenPart(const std::filesystem::path& output) {
  std::error_code none;
  if (std::filesystem::is_directory(output, none))
    ThrowUsage("{}: is a directory; pass the name of a file", output.string());
  return OpenPartFile(output);
}

}  // namespace

OutputFile::OutputFile(const std::filesystem::path& path) : OutputFile(path, Create(path)) {}

OutputFile::OutputFile(const std::filesystem::path& path, int fd, bool seekable)
    : path_(path), fd_(fd), seekable_(seekable) {
  buffer_.reserve(kBufferBytes);
}

OutputFile::OutputFile(OutputFile&& other) noexcept
    : path_(std::move(other.path_)),
      fd_(std::exchange(other.fd_, -1)),
      seekable_(other.seekable_),
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
  ATTUNE_CHECK(seekable_ && offset + bytes.size() <= size_);
  Flush();
  WriteFully(offset, bytes);
}

void OutputFile::Flush() {
  WriteFully(size_ - buffer_.size(), buffer_);
  buffer_.clear();
}

ssize_t OutputFile::WriteSome(std::uint64_t offset, std::span<const std::byte> bytes) {
  if (!seekable_) return write(fd_, bytes.data(), bytes.size());
  return pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
}

void OutputFile::WriteFully(std::uint64_t offset, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = WriteSome(offset, bytes);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) ThrowFailed("{}: cannot write: {}", path_.string(), ErrnoText(errno));
    bytes = bytes.subspan(static_cast<std::size_t>(written));
    offset += static_cast<std::uint64_t>(written);
  }
}

void OutputFile::Sync() {
  Flush();
  if (fsync(fd_) == 0 || errno == EINVAL) return;
  ThrowFailed("{}: cannot sync: {}", path_.string(), ErrnoText(errno));
}

void OutputFile::Close() {
  Sync();
  if (close(std::exchange(fd_, -1)) != 0)
    ThrowFailed("{}: cannot close: {}", path_.string(), ErrnoText(errno));
}

AtomicFile::AtomicFile(const std::filesystem::path& path) : AtomicFile(path, OpenSpecialFile(path)) {}

AtomicFile::AtomicFile(const std::filesystem::path& path, std::optional<int> stream)
    : target_(stream ? path : FollowLinks(path)),
      direct_(stream.has_value()),
      file_(direct_ ? target_ : PartOf(target_), direct_ ? *stream : OpenPart(target_), !direct_) {}

AtomicFile::~AtomicFile() {
  if (committed_ || direct_) return;
  std::error_code ignored;
  std::filesystem::remove(file_.path(), ignored);
}

void AtomicFile::Commit() {
  // The part is closed, and with that unlocked, only when it has lost its name: nobody else writes into it.
  file_.Sync();
  if (!direct_) {
    std::error_code error;
    std::filesystem::rename(file_.path(), target_, error);
    if (error) ThrowFailed("{}: cannot be written under its name: {}", target_.string(), error.message());
  }
  committed_ = true;
  file_.Close();
}

void WriteFileAtomically(const std::filesystem::path& path, std::string_view text) {
  AtomicFile file(path);
  file.Write(text);
  file.Commit();
}

}  // namespace attune::io
