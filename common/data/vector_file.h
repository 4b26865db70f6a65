#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "common/io/npy.h"

namespace attune::data {

/// A .npy file of vectors, read in pieces so that it never counts as memory of the process.
/// Threads: every const method from any thread.
class VectorFile {
 public:
  /// Opens an array [rows, Dx], or [items, components, Dx], which is taken as [items * components, Dx].
  /// Throws Error(kBadInput) naming the file if it is not a whole array of f16 or f32, or empty.
  explicit VectorFile(const std::string& path);
  ~VectorFile();
  VectorFile(const VectorFile&) = delete;
  VectorFile& operator=(const VectorFile&) = delete;

  io::DType dtype() const { return header_.dtype; }
  std::uint64_t dim() const { return header_.shape.back(); }
  std::uint64_t rows() const { return header_.count() / dim(); }
  std::uint64_t row_bytes() const { return dim() * io::DTypeBytes(header_.dtype); }
  const std::string& path() const { return path_; }

  /// Reads whole rows from `first` on. Throws Error(kBadInput) if the file cannot be read.
  void ReadRows(std::uint64_t first, std::span<std::byte> bytes) const {
    ReadAt(header_.data_offset + first * row_bytes(), bytes);
  }
  /// Asks the system to read rows soon, while this process does something else.
  void WillNeed(std::uint64_t first, std::uint64_t count) const;

 private:
  void CheckHeader() const;
  void ReadAt(std::uint64_t offset, std::span<std::byte> bytes) const;

  std::string path_;
  int fd_ = -1;
  io::NpyHeader header_;
};

}  // namespace attune::data
