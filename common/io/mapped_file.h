#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

namespace attune::io {

/// A file mapped read-only into memory. Owns the mapping; moved, not copied.
/// Threads: reading from any thread.
class MappedFile {
 public:
  MappedFile() = default;
  /// Maps the whole file. Throws Error(kBadInput) naming the path and the cause.
  explicit MappedFile(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;

  std::span<const std::byte> bytes() const { return {data_, size_}; }

 private:
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace attune::io
