#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
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

  /// Flushes, fsyncs and closes.
  void Close();

 private:
  void Flush();
  void WriteFully(std::uint64_t offset, std::span<const std::byte> bytes);

  std::filesystem::path path_;
  int fd_ = -1;
  std::uint64_t size_ = 0;
  std::vector<std::byte> buffer_;
};

/// A file that appears under its name only when complete: written beside it as `<path>.tmp`, then synced and
/// renamed. Without Commit() nothing is left. Threads: confined.
class AtomicFile {
 public:
  explicit AtomicFile(const std::filesystem::path& path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void Write(std::string_view text) { file_.Write(text); }
  void Commit();

 private:
  std::filesystem::path path_;
  OutputFile file_;
  bool committed_ = false;
};

/// Writes `text` to a temporary name beside `path`, syncs it, and renames it to `path`.
void WriteFileAtomically(const std::filesystem::path& path, std::string_view text);

}  // namespace attune::io
