#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>

namespace attune::io {

/// An open file for reading that is surely a regular one: to open a FIFO would wait for who writes it, and a
/// device may have no end. Threads: confined.
class RegularFile {
 public:
  /// Throws Error(kBadInput) if it cannot be opened or is something else.
  explicit RegularFile(const std::filesystem::path& path);
  ~RegularFile();
  RegularFile(const RegularFile&) = delete;
  RegularFile& operator=(const RegularFile&) = delete;

  int fd() const { return fd_; }
  /// When it was opened.
  std::uint64_t bytes() const { return bytes_; }

  /// Reads on. @returns how many; 0 at the end. Throws Error(kBadInput).
  std::size_t Read(std::span<char> buffer);

 private:
  std::filesystem::path path_;
  int fd_ = -1;
  std::uint64_t bytes_ = 0;
};

}  // namespace attune::io
