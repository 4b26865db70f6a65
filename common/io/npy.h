#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "common/error.h"
#include "common/io/mapped_file.h"
#include "common/io/output_file.h"

/// NumPy's .npy format (NEP 1, versions 1 to 3), little-endian, C order.
namespace attune::io {

enum class DType { kF16, kF32, kU8, kU32, kU64, kI64 };

/// "<f4" and so on, as in a .npy header.
const char* DTypeCode(DType dtype);
std::size_t DTypeBytes(DType dtype);

struct NpyHeader {
  DType dtype = DType::kF32;
  std::vector<std::uint64_t> shape;
  std::size_t data_offset = 0;  ///< bytes before the first element

  std::uint64_t count() const;  ///< product of the shape
};

/// Parses a header from the first bytes of a file of `file_bytes` bytes; `name` is used in errors.
/// Checks magic, version, dtype, order, shape and that the file's size is exactly header plus data.
/// Throws Error(kBadInput). @param types  what an error says of a dtype that is none of ours
NpyHeader ParseNpyHeader(std::span<const std::byte> head, std::uint64_t file_bytes, const std::string& name,
                         const char* types = "u1 or little-endian f2, f4, u4, u8 or i8");

/// Header bytes for an array, padded so that the data starts at a multiple of 64.
std::string FormatNpyHeader(DType dtype, std::span<const std::uint64_t> shape);

template <typename T>
constexpr DType DTypeOf() {
  if constexpr (std::is_same_v<T, float>) return DType::kF32;
  if constexpr (std::is_same_v<T, std::uint8_t>) return DType::kU8;
  if constexpr (std::is_same_v<T, std::uint32_t>) return DType::kU32;
  if constexpr (std::is_same_v<T, std::uint64_t>) return DType::kU64;
  if constexpr (std::is_same_v<T, std::int64_t>) return DType::kI64;
}

/// A .npy file mapped read-only.
class NpyView {
 public:
  NpyView() = default;
  explicit NpyView(const std::filesystem::path& path);

  const NpyHeader& header() const { return header_; }
  const std::filesystem::path& path() const { return path_; }
  std::span<const std::byte> data() const { return file_.bytes().subspan(header_.data_offset); }

  /// The elements in C order. Throws Error(kBadInput) if the file holds another dtype.
  template <typename T>
  std::span<const T> As() const {
    RequireDType(DTypeOf<T>());
    return {reinterpret_cast<const T*>(data().data()), static_cast<std::size_t>(header_.count())};
  }

  /// Throws Error(kBadInput) naming both unless the shape is `shape`.
  void RequireShape(std::span<const std::uint64_t> shape) const;
  void RequireDType(DType dtype) const;

 private:
  std::filesystem::path path_;
  MappedFile file_;
  NpyHeader header_;
};

/// Writes a .npy file whose first dimension is known only at the end. Close() completes it.
class NpyWriter {
 public:
  /// @param row_shape  the dimensions after the first; empty for a vector
  NpyWriter(const std::filesystem::path& path, DType dtype, std::vector<std::uint64_t> row_shape = {});

  template <typename T>
  void Append(std::span<const T> elements) {
    static_assert(!std::is_same_v<T, void>);
    AppendBytes(std::as_bytes(elements));
  }
  template <typename T>
  void AppendOne(T element) {
    Append(std::span<const T>(&element, 1));
  }
  void AppendBytes(std::span<const std::byte> bytes);

  /// Writes the final header, syncs and closes. Throws if the bytes are not a whole number of rows.
  void Close();

 private:
  OutputFile file_;
  DType dtype_;
  std::vector<std::uint64_t> row_shape_;
  std::uint64_t data_bytes_ = 0;
};

/// Writes a whole array. @param values product(shape) elements in C order
template <typename T>
void WriteNpy(const std::filesystem::path& path, std::span<const std::uint64_t> shape,
              std::span<const T> values) {
  NpyWriter writer(path, DTypeOf<T>(), {shape.begin() + 1, shape.end()});
  writer.Append(values);
  writer.Close();
}

}  // namespace attune::io
