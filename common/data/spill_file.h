#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <type_traits>
#include <vector>

namespace attune::data {

/// A temporary file for what does not fit into memory: unlinked at once, so that nothing is left behind when
/// the process dies. Written from the front through a buffer, then read with plain reads, so that its pages
/// never count as memory of the process. Errors are Error(kFailed) naming the directory: "no space left".
/// Threads: confined; once finished, ReadAt from any thread.
class SpillFile {
 public:
  /// @param directory  where the file takes its space; must exist
  explicit SpillFile(const std::filesystem::path& directory);
  ~SpillFile();
  SpillFile(SpillFile&& other) noexcept;
  SpillFile& operator=(SpillFile&& other) noexcept;

  /// Appends bytes.
  void Append(std::span<const std::byte> bytes) {
    if (buffer_.size() + bytes.size() > kBufferBytes) Flush();
    buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
    size_ += bytes.size();
  }
  template <typename T>
  void AppendOne(const T& record) {
    static_assert(std::is_trivially_copyable_v<T>);
    Append(std::as_bytes(std::span(&record, 1)));
  }

  /// Writes out what is buffered and frees the buffer. Call between appending and reading.
  void Finish();

  /// Writes at a place of one's own, unbuffered; not to be mixed with Append.
  void WriteAt(std::uint64_t offset, std::span<const std::byte> bytes);

  /// Reads exactly `bytes.size()` bytes that were written.
  void ReadAt(std::uint64_t offset, std::span<std::byte> bytes) const;

  /// Bytes appended.
  std::uint64_t size() const { return size_; }

 private:
  static constexpr std::size_t kBufferBytes = std::size_t{1} << 18;

  void Flush();

  std::filesystem::path directory_;
  int fd_ = -1;
  std::uint64_t size_ = 0;
  std::vector<std::byte> buffer_;
};

/// Reads records of type T one after another.
template <typename T>
class SpillReader {
 public:
  /// Reads records [first, first + count). Refers to the file, which must be finished.
  SpillReader(const SpillFile& file, std::uint64_t first, std::uint64_t count)
      : file_(&file), next_(first), end_(first + count) {}
  explicit SpillReader(const SpillFile& file) : SpillReader(file, 0, file.size() / sizeof(T)) {}

  /// The next records, up to `most` and at least one; empty at the end. Valid until the next call.
  std::span<const T> Read(std::size_t most = kBlock) {
    if (at_ == block_.size()) Refill();
    const std::size_t count = std::min(most, block_.size() - at_);
    at_ += count;
    return std::span<const T>(block_).subspan(at_ - count, count);
  }

 private:
  static constexpr std::size_t kBlock = (std::size_t{1} << 18) / sizeof(T);

  void Refill() {
    block_.resize(std::min<std::uint64_t>(kBlock, end_ - next_));
    if (!block_.empty()) file_->ReadAt(next_ * sizeof(T), std::as_writable_bytes(std::span(block_)));
    next_ += block_.size();
    at_ = 0;
  }

  const SpillFile* file_;
  std::uint64_t next_;
  std::uint64_t end_;
  std::size_t at_ = 0;
  std::vector<T> block_;
};

}  // namespace attune::data
