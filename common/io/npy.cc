#include "common/io/npy.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <functional>
#include <limits>
#include <numeric>
#include <optional>
#include <string_view>

namespace attune::io {
namespace {

constexpr std::string_view kMagic("\x93NUMPY", 6);
/// Long enough for a first dimension of any size to be filled in at the end.
constexpr std::size_t kFixedHeaderBytes = 128;

struct DTypeName {
  DType dtype;
  const char* code;
  std::size_t bytes;
};
constexpr std::array kDTypes = {DTypeName{DType::kF16, "<f2", 2}, DTypeName{DType::kF32, "<f4", 4},
                                DTypeName{DType::kU8, "|u1", 1},  DTypeName{DType::kU32, "<u4", 4},
                                DTypeName{DType::kU64, "<u8", 8}, DTypeName{DType::kI64, "<i8", 8}};

const DTypeName& Lookup(DType dtype) {
  return *std::find_if(kDTypes.begin(), kDTypes.end(), [&](const DTypeName& d) { return d.dtype == dtype; });
}

/// What follows `'key':` in the header's dictionary, without leading spaces.
std::string_view AfterKey(std::string_view dictionary, std::string_view key, const std::string& name) {
  const std::string quoted = "'" + std::string(key) + "'";
  std::size_t at = dictionary.find(quoted);
  if (at != std::string_view::npos) at = dictionary.find(':', at + quoted.size());
  if (at == std::string_view::npos) ThrowBadInput("{}: .npy header without '{}'", name, key);
  at = dictionary.find_first_not_of(' ', at + 1);
  return at == std::string_view::npos ? std::string_view() : dictionary.substr(at);
}

DType ParseDType(std::string_view rest, const std::string& name, const char* types) {
  const std::size_t end = rest.size() < 2 ? std::string_view::npos : rest.find('\'', 1);
  const std::string_view code = end == std::string_view::npos ? rest : rest.substr(1, end - 1);
  for (const auto& known : kDTypes) {
    if (code == known.code) return known.dtype;
  }
  ThrowBadInput("{}: element type {} is not supported; use {}", name, code, types);
}

std::vector<std::uint64_t> ParseShape(std::string_view rest, const std::string& name) {
  const std::size_t end = rest.find(')');
  if (rest.empty() || rest[0] != '(' || end == std::string_view::npos)
    ThrowBadInput("{}: .npy header with a damaged shape", name);
  std::vector<std::uint64_t> shape;
  std::optional<std::uint64_t> number;
  for (const char c : rest.substr(1, end - 1)) {
    if (c >= '0' && c <= '9') {
      if (number.value_or(0) > std::numeric_limits<std::uint64_t>::max() / 16)
        ThrowBadInput("{}: .npy dimension too large", name);
      number = number.value_or(0) * 10 + static_cast<std::uint64_t>(c - '0');
    } else if (c == ',') {
      if (!number) ThrowBadInput("{}: .npy header with a damaged shape", name);
      shape.push_back(*number);
      number.reset();
    } else if (c != ' ') {
      ThrowBadInput("{}: .npy header with a damaged shape", name);
    }
  }
  if (number) shape.push_back(*number);
  return shape;
}

std::optional<std::uint64_t> CheckedProduct(std::span<const std::uint64_t> factors, std::uint64_t start) {
  std::uint64_t product = start;
  for (const std::uint64_t factor : factors) {
    if (__builtin_mul_overflow(product, factor, &product)) return std::nullopt;
  }
  return product;
}

std::string ShapeText(std::span<const std::uint64_t> shape) {
  std::string text = "(";
  for (const std::uint64_t n : shape) text += std::to_string(n) + ",";
  if (shape.size() > 1) text.pop_back();
  return text + ")";
}

}  // namespace

const char* DTypeCode(DType dtype) {
  return Lookup(dtype).code;
}

std::size_t DTypeBytes(DType dtype) {
  return Lookup(dtype).bytes;
}

std::uint64_t NpyHeader::count() const {
  return std::accumulate(shape.begin(), shape.end(), std::uint64_t{1}, std::multiplies<>());
}

NpyHeader ParseNpyHeader(std::span<const std::byte> head, std::uint64_t file_bytes, const std::string& name,
                         const char* types) {
  const std::string_view text(reinterpret_cast<const char*>(head.data()), head.size());
  if (text.size() < 10 || text.substr(0, 6) != kMagic) ThrowBadInput("{}: not a .npy file", name);
  const unsigned major = static_cast<unsigned char>(text[6]);
  if (major < 1 || major > 3) ThrowBadInput("{}: .npy version {} is unknown", name, major);
  const std::size_t length_bytes = major == 1 ? 2 : 4;
  if (text.size() < 8 + length_bytes) ThrowBadInput("{}: .npy header cut off", name);
  std::uint32_t length = 0;
  std::memcpy(&length, text.data() + 8, length_bytes);
  NpyHeader header;
  header.data_offset = 8 + length_bytes + length;
  if (text.size() < header.data_offset) ThrowBadInput("{}: .npy header cut off", name);
  const std::string_view dictionary = text.substr(8 + length_bytes, length);
  header.dtype = ParseDType(AfterKey(dictionary, "descr", name), name, types);
  if (!AfterKey(dictionary, "fortran_order", name).starts_with("False")) {
    ThrowBadInput("{}: stored in Fortran order; save it with numpy.ascontiguousarray", name);
  }
  header.shape = ParseShape(AfterKey(dictionary, "shape", name), name);
  const auto data_bytes = CheckedProduct(header.shape, DTypeBytes(header.dtype));
  if (!data_bytes || file_bytes - header.data_offset != *data_bytes) {
    ThrowBadInput("{}: {} bytes of data, but shape {} of {} needs {}", name, file_bytes - header.data_offset,
                  ShapeText(header.shape), DTypeCode(header.dtype),
                  data_bytes ? std::to_string(*data_bytes) : std::string("more than can be"));
  }
  return header;
}

std::string FormatNpyHeader(DType dtype, std::span<const std::uint64_t> shape) {
  std::string dictionary = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': {}, }}",
                                       DTypeCode(dtype), ShapeText(shape));
  const std::size_t prefix = kMagic.size() + 4;
  const std::size_t total = std::max(kFixedHeaderBytes, (prefix + dictionary.size() + 1 + 63) / 64 * 64);
  dictionary.resize(total - prefix - 1, ' ');
  dictionary += '\n';
  std::string header(kMagic);
  header += '\x01';
  header += '\x00';
  header += static_cast<char>(dictionary.size() & 0xff);
  header += static_cast<char>(dictionary.size() >> 8);
  return header + dictionary;
}

NpyView::NpyView(const std::filesystem::path& path)
    : path_(path), file_(path), header_(ParseNpyHeader(file_.bytes(), file_.bytes().size(), path.string())) {
  if (header_.data_offset % DTypeBytes(header_.dtype) != 0) {
    ThrowBadInput("{}: data at offset {} is not aligned to its elements", path.string(), header_.data_offset);
  }
}

void NpyView::RequireShape(std::span<const std::uint64_t> shape) const {
  if (!std::equal(shape.begin(), shape.end(), header_.shape.begin(), header_.shape.end())) {
    ThrowBadInput("{}: shape {}, expected {}", path_.string(), ShapeText(header_.shape), ShapeText(shape));
  }
}

void NpyView::RequireDType(DType dtype) const {
  if (header_.dtype != dtype) {
    ThrowBadInput("{}: elements of type {}, expected {}", path_.string(), DTypeCode(header_.dtype),
                  DTypeCode(dtype));
  }
}

NpyWriter::NpyWriter(const std::filesystem::path& path, DType dtype, std::vector<std::uint64_t> row_shape)
    : file_(path), dtype_(dtype), row_shape_(std::move(row_shape)) {
  std::vector<std::uint64_t> shape = row_shape_;
  shape.insert(shape.begin(), 0);
  file_.Write(FormatNpyHeader(dtype_, shape));
}

void NpyWriter::AppendBytes(std::span<const std::byte> bytes) {
  data_bytes_ += bytes.size();
  file_.Write(bytes);
}

void NpyWriter::Close() {
  const std::uint64_t row_bytes = CheckedProduct(row_shape_, DTypeBytes(dtype_)).value();
  ATTUNE_CHECK(row_bytes == 0 ? data_bytes_ == 0 : data_bytes_ % row_bytes == 0);
  std::vector<std::uint64_t> shape = row_shape_;
  shape.insert(shape.begin(), row_bytes == 0 ? 0 : data_bytes_ / row_bytes);
  const std::string header = FormatNpyHeader(dtype_, shape);
  ATTUNE_CHECK(header.size() == kFixedHeaderBytes);
  file_.WriteAt(0, std::as_bytes(std::span(header)));
  file_.Close();
}

}  // namespace attune::io
