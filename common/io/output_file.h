#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace attune::io {

/// A buffered file being written. Every write error is an Error(kFailed) that names the file and the cause.
/// Close() makes the bytes durable (fsync); a file that is destroyed without Close() is left as it is.
/// Threads: confined.
class OutputFile {
 public:
  explicit OutputFile(const std::filesystem::path& path);
  /// Takes over what is open for writing. @param seekable  false: a stream, in which there is no WriteAt()
  OutputFile(const std::filesystem::path& path, int fd, bool seekable = true);
  ~OutputFile();
  OutputFile(OutputFile&&) noexcept;
  OutputFile& operator=(OutputFile&&) = delete;

  void Write(std::string_view text) { Write(std::as_bytes(std::span(text))); }
  void Write(std::span<const std::byte> bytes);

  /// Overwrites bytes already written, for headers whose counts are known only at the end.
  void WriteAt(std::uint64_t offset, std::span<const std::byte> bytes);

  /// Bytes written so far.
  std::uint64_t size() const { return size_; }
  const std::filesystem::path& path() const { return path_; }

  /// Makes the bytes durable (fsync), where that means something.
  void Sync();

  /// Sync(), and closes.
  void Close();

 private:
  void Flush();
  ssize_t WriteSome(std::uint64_t offset, std::span<const std::byte> bytes);
  void WriteFully(std::uint64_t offset, std::span<const std::byte> bytes);

  std::filesystem::path path_;
  int fd_ = -1;
  bool seekable_ = true;
  std::uint64_t size_ = 0;
  std::vector<std::byte> buffer_;
};

/// A file that appears under its name only when complete: written beside it, as its part (part_file.h), then
/// synced and renamed. Without Commit() nothing is left. A link is followed: what it leads to is replaced.
/// What is no file but a device or a FIFO, or what standard output or error goes to, is written directly.
/// Threads: confined.
class AtomicFile {
 public:
  /// Errors: Error(kFailed) if it cannot be written, or another process is writing it.
  explicit AtomicFile(const std::filesystem::path& path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void Write(std::string_view text) { file_.Write(text); }
  /// Throws Error(kFailed) if it cannot be made durable or renamed.
  void Commit();

 private:
  AtomicFile(const std::filesystem::path& path, std::optional<int> stream);

  const std::filesystem::path target_;
  const bool direct_;
  OutputFile file_;
  bool committed_ = false;
};

/// Writes `text` as an AtomicFile.
void WriteFileAtomically(const std::filesystem::path& path, std::string_view text);

}  // namespace attune::io
