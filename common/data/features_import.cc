#include "common/data/features_import.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>
#include <vector>

#include "common/data/delimited_reader.h"
#include "common/error.h"
#include "common/io/npy.h"

namespace attune::data {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kHeaderBytes = 1 << 16;
constexpr std::size_t kPieceBytes = std::size_t{4} << 20;

/// The array of vectors, read in pieces so that it never counts as memory of the process.
class VectorFile {
 public:
  explicit VectorFile(const std::string& path) : path_(path) {
    fd_ = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd_ < 0) ThrowBadInput("{}: cannot open: {}", path, ErrnoText(errno));
    struct stat status {};
    if (fstat(fd_, &status) != 0) ThrowBadInput("{}: cannot read: {}", path, ErrnoText(errno));
    const auto bytes = static_cast<std::uint64_t>(status.st_size);
    std::vector<std::byte> head(std::min<std::uint64_t>(bytes, kHeaderBytes));
    ReadAt(0, head);
    header_ = io::ParseNpyHeader(head, bytes, path);
    CheckHeader();
  }
  ~VectorFile() {
    if (fd_ >= 0) close(fd_);
  }
  VectorFile(const VectorFile&) = delete;
  VectorFile& operator=(const VectorFile&) = delete;

  io::DType dtype() const { return header_.dtype; }
  std::uint64_t dim() const { return header_.shape.back(); }
  std::uint64_t rows() const { return header_.count() / dim(); }
  std::uint64_t row_bytes() const { return dim() * io::DTypeBytes(header_.dtype); }
  const std::string& path() const { return path_; }

  /// Reads whole rows from `first` on.
  void ReadRows(std::uint64_t first, std::span<std::byte> bytes) const {
    ReadAt(header_.data_offset + first * row_bytes(), bytes);
  }

 private:
  void CheckHeader() const {
    if (header_.dtype != io::DType::kF16 && header_.dtype != io::DType::kF32) {
      ThrowBadInput("{}: elements of type {}, expected <f2 or <f4 (float16 or float32)", path_,
                    io::DTypeCode(header_.dtype));
    }
    const std::size_t dimensions = header_.shape.size();
    if (dimensions != 2 && dimensions != 3) {
      ThrowBadInput("{}: {} dimension{}, expected [rows, Dx] or [items, components, Dx]", path_, dimensions,
                    dimensions == 1 ? "" : "s");
    }
    if (header_.count() == 0) ThrowBadInput("{}: the array is empty", path_);
  }

  void ReadAt(std::uint64_t offset, std::span<std::byte> bytes) const {
    while (!bytes.empty()) {
      const ssize_t got = pread(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0)
        ThrowBadInput("{}: cannot read: {}", path_, got == 0 ? "file became shorter" : ErrnoText(errno));
      bytes = bytes.subspan(static_cast<std::size_t>(got));
      offset += static_cast<std::uint64_t>(got);
    }
  }

  std::string path_;
  int fd_ = -1;
  io::NpyHeader header_;
};

/// Rows of the array that belong to an item.
struct RowRange {
  std::uint64_t first = 0;
  std::uint32_t count = 0;
  bool given = false;
};

std::uint64_t ParseCount(std::string_view text, const char* column, const std::string& place) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    ThrowBadInput("{}: {} is '{}', expected a whole number", place, column, text);
  }
  return value;
}

/// Reads and checks the index: which rows belong to each item of the data set.
class IndexReader {
 public:
  IndexReader(const std::string& path, const VectorFile& vectors)
      : path_(path), vectors_(vectors), reader_(OpenInput(path)) {
    constexpr std::array<std::string_view, 3> kHeader = {"item", "first_row", "n_rows"};
    const bool any = reader_.Next();
    const auto fields = reader_.fields();
    if (!any || !std::equal(fields.begin(), fields.end(), kHeader.begin(), kHeader.end())) {
      ThrowBadInput("{}:1: expected the header item, first_row, n_rows, separated by TABs", path_);
    }
  }

  /// @returns the rows of each item. [items.count]
  std::vector<RowRange> Read(const FeatureItems& items, std::uint64_t* unused) {
    std::vector<RowRange> ranges(items.count);
    bool any = false;
    while (reader_.Next()) {
      const std::string place = fmt::format("{}:{}", path_, reader_.line());
      const auto fields = reader_.fields();
      if (!reader_.problem().empty()) ThrowBadInput("{}: {}", place, reader_.problem());
      if (fields.size() != 3)
        ThrowBadInput("{}: {} columns, expected item, first_row, n_rows", place, fields.size());
      const RowRange range = ParseRange(fields, place);
      const Index item = items.find(fields[0]);
      if (item == kNoIndex) {
        ++*unused;
        continue;
      }
      if (ranges[item].given) ThrowBadInput("{}: item '{}' has a line before this one", place, fields[0]);
      ranges[item] = range;
      any = true;
    }
    if (!any) {
      ThrowBadInput("{}: none of its {} items is in the data; are the ids of the same kind?", path_, *unused);
    }
    return ranges;
  }

 private:
  RowRange ParseRange(std::span<const std::string_view> fields, const std::string& place) const {
    const std::uint64_t first = ParseCount(fields[1], "first_row", place);
    const std::uint64_t count = ParseCount(fields[2], "n_rows", place);
    if (count > kMaxComponents) {
      ThrowBadInput("{}: item '{}' has {} components, at most {} are supported", place, fields[0], count,
                    kMaxComponents);
    }
    if (first > vectors_.rows() || count > vectors_.rows() - first) {
      ThrowBadInput("{}: item '{}' has rows {} to {}, but {} holds {} rows", place, fields[0], first,
                    first + count, vectors_.path(), vectors_.rows());
    }
    return {first, static_cast<std::uint32_t>(count), true};
  }

  std::string path_;
  const VectorFile& vectors_;
  DelimitedReader reader_;
};

/// Position of the first element whose exponent bits are all set (infinite or not a number).
template <typename Bits>
std::optional<std::size_t> FindNotFinite(std::span<const std::byte> bytes, Bits exponent) {
  for (std::size_t at = 0; at < bytes.size(); at += sizeof(Bits)) {
    Bits bits;
    std::memcpy(&bits, bytes.data() + at, sizeof(Bits));
    if ((bits & exponent) == exponent) return at / sizeof(Bits);
  }
  return std::nullopt;
}

std::optional<std::size_t> FindNotFinite(std::span<const std::byte> bytes, io::DType dtype) {
  return dtype == io::DType::kF16 ? FindNotFinite<std::uint16_t>(bytes, 0x7c00)
                                  : FindNotFinite<std::uint32_t>(bytes, 0x7f800000);
}

/// Copies the vectors of one item after another.
class VectorCopier {
 public:
  VectorCopier(const VectorFile& from, const fs::path& to)
      : from_(from),
        to_(to, from.dtype(), {from.dim()}),
        rows_per_piece_(std::max<std::uint64_t>(1, kPieceBytes / from.row_bytes())) {}

  void Copy(const RowRange& range, std::string_view item) {
    for (std::uint64_t done = 0; done < range.count;) {
      const std::uint64_t rows = std::min<std::uint64_t>(range.count - done, rows_per_piece_);
      piece_.resize(rows * from_.row_bytes());
      from_.ReadRows(range.first + done, piece_);
      if (const auto bad = FindNotFinite(piece_, from_.dtype())) {
        ThrowBadInput("{}: item '{}': row {}, column {} is infinite or not a number", from_.path(), item,
                      range.first + done + *bad / from_.dim(), *bad % from_.dim());
      }
      to_.AppendBytes(piece_);
      done += rows;
    }
  }
  void Close() { to_.Close(); }

 private:
  const VectorFile& from_;
  io::NpyWriter to_;
  std::uint64_t rows_per_piece_;
  std::vector<std::byte> piece_;
};

}  // namespace

FeaturesReport ImportFeatures(const std::string& vectors, const std::string& index, const FeatureItems& items,
                              const fs::path& out) {
  const VectorFile file(vectors);
  if (index.empty()) {
    ThrowUsage(
        "{}: which rows belong to which item? Give a --features-index with the header item, first_row, "
        "n_rows",
        vectors);
  }
  FeaturesReport report{0, file.dim(), io::DTypeCode(file.dtype()), 0, 0, 0};
  const std::vector<RowRange> ranges = IndexReader(index, file).Read(items, &report.items_unused);
  fs::create_directories(out);
  VectorCopier copier(file, out / "vectors.npy");
  io::NpyWriter indptr(out / "indptr.npy", io::DType::kU64);
  indptr.AppendOne(report.vectors);
  for (Index item = 0; item < items.count; ++item) {
    const RowRange& range = ranges[item];
    if (range.count > 0) copier.Copy(range, items.id_of(item));
    (range.count > 0 ? report.items_with : report.items_without) += 1;
    report.vectors += range.count;
    indptr.AppendOne(report.vectors);
  }
  copier.Close();
  indptr.Close();
  return report;
}

}  // namespace attune::data
