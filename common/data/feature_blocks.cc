#include "common/data/feature_blocks.h"

#include <Eigen/Core>
#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>
#include <vector>

#include "common/error.h"
#include "common/thread.h"

namespace attune::data {
namespace {

constexpr std::size_t kChunkNumbers = std::size_t{1} << 21;
constexpr std::size_t kMostChunkRows = 256;
/// A matrix product treats columns in groups of 4 or 8 and the rest otherwise: with whole groups a vector's
/// outcome does not depend on its place in the chunk.
constexpr std::size_t kLeastChunkRows = 8;

std::size_t ChunkRows(std::size_t dim) {
  return std::clamp(kChunkNumbers / dim / kLeastChunkRows * kLeastChunkRows, kLeastChunkRows, kMostChunkRows);
}

std::size_t BlockRows(std::size_t most_rows, std::size_t chunk_rows, std::uint64_t all_rows) {
  const std::size_t rows = std::min<std::uint64_t>(most_rows, all_rows);
  return std::max<std::size_t>(1, (rows + chunk_rows - 1) / chunk_rows) * chunk_rows;
}

bool AllFinite(std::span<const float> values) {
  constexpr std::uint32_t kExponent = 0x7f800000;
  bool finite = true;
  for (const float value : values) finite &= (std::bit_cast<std::uint32_t>(value) & kExponent) != kExponent;
  return finite;
}

using Vectors = Eigen::Map<Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>;

Vectors MapVectors(std::span<float> values, std::size_t dim) {
  return {values.data(), static_cast<Eigen::Index>(values.size() / dim), static_cast<Eigen::Index>(dim)};
}

/// Divides each row by its L2 norm, if `l2`; rows of zeros stay. @returns their number
std::uint64_t Normalise(Vectors rows, bool l2) {
  std::uint64_t zeros = 0;
  for (Eigen::Index row = 0; row < rows.rows(); ++row) {
    const double norm = rows.row(row).cast<double>().norm();
    if (norm == 0) {
      ++zeros;
    } else if (l2) {
      rows.row(row) = (rows.row(row).cast<double>() / norm).cast<float>();
    }
  }
  return zeros;
}

}  // namespace

std::size_t FindNotFinite(std::span<const float> values) {
  if (AllFinite(values)) return values.size();
  const auto bad = std::find_if(values.begin(), values.end(), [](float v) { return !AllFinite({&v, 1}); });
  return static_cast<std::size_t>(bad - values.begin());
}

FeatureBlocks::FeatureBlocks(const VectorFile& file, const FeatureRows& rows, const FeatureItems& items,
                             bool l2, unsigned threads, std::size_t block_numbers)
    : file_(file),
      rows_(rows),
      items_(items),
      l2_(l2),
      threads_(threads),
      dim_(file.dim()),
      chunk_rows_(ChunkRows(dim_)),
      block_rows_(BlockRows(block_numbers / dim_, chunk_rows_, this->rows())) {}

void FeatureBlocks::ForEach(const std::function<void(FeatureBlock&)>& visit) const {
  std::vector<float> values(block_rows_ * dim_);
  std::vector<std::uint64_t> zeros(block_rows_ / chunk_rows_);
  for (std::uint64_t first = 0; first < rows(); first += block_rows_) {
    const std::size_t in_block = std::min<std::uint64_t>(block_rows_, rows() - first);
    FeatureBlock block{first, in_block, dim_, chunk_rows_, values};
    ParallelFor(threads_, block.chunks(), "features", [&](unsigned, std::size_t chunk) {
      const std::span<float> given = block.Chunk(chunk).first(block.RowsOf(chunk) * dim_);
      Load(first + chunk * chunk_rows_, given);
      zeros[chunk] = Normalise(MapVectors(given, dim_), l2_);
      std::fill(given.data() + given.size(), block.Chunk(chunk).data() + chunk_rows_ * dim_, 0.0f);
    });
    block.zero_vectors = std::accumulate(
        zeros.begin(), zeros.begin() + static_cast<std::ptrdiff_t>(block.chunks()), std::uint64_t{0});
    ReadAhead(first + block_rows_);
    visit(block);
  }
}

Index FeatureBlocks::ItemOf(std::uint64_t row) const {
  const auto after = std::upper_bound(rows_.indptr.begin(), rows_.indptr.end(), row);
  return static_cast<Index>(after - rows_.indptr.begin() - 1);
}

std::uint64_t FeatureBlocks::FileRow(std::uint64_t row) const {
  const Index item = ItemOf(row);
  return rows_.first[item] + (row - rows_.indptr[item]);
}

std::string FeatureBlocks::PlaceOf(std::uint64_t row) const {
  const Index item = ItemOf(row);
  return fmt::format("{}: item '{}', component {}: row {}", file_.path(), items_.id_of(item),
                     row - rows_.indptr[item], FileRow(row));
}

/// Visits the vectors first to end - 1 in runs that follow each other in the file, across items where they
/// do: `visit(vector, row in the file, length)`.
void FeatureBlocks::ForEachRun(std::uint64_t first, std::uint64_t end, const RunVisitor& visit) const {
  for (std::uint64_t begin = first; begin < end;) {
    const std::uint64_t from = FileRow(begin);
    Index item = ItemOf(begin);
    std::uint64_t next = begin;
    const auto goes_on = [&] {
      const bool empty = rows_.indptr[item] == rows_.indptr[item + 1];
      return empty || rows_.first[item] == from + (next - begin);
    };
    do {
      next = std::min(end, rows_.indptr[++item]);
    } while (next < end && goes_on());
    visit(begin, from, next - begin);
    begin = next;
  }
}

/// Reads vectors from `first` on as they are in the file.
void FeatureBlocks::Read(std::uint64_t first, std::span<std::byte> bytes) const {
  const std::uint64_t row_bytes = file_.row_bytes();
  ForEachRun(first, first + bytes.size() / row_bytes,
             [&](std::uint64_t vector, std::uint64_t row, std::uint64_t length) {
               file_.ReadRows(row, bytes.subspan((vector - first) * row_bytes, length * row_bytes));
             });
}

/// Has the disk work on the next block while this one is computed with.
void FeatureBlocks::ReadAhead(std::uint64_t first) const {
  ForEachRun(first, std::min(rows(), first + block_rows_),
             [&](std::uint64_t, std::uint64_t row, std::uint64_t length) { file_.WillNeed(row, length); });
}

/// Reads vectors from `first` on as numbers, and checks these.
void FeatureBlocks::Load(std::uint64_t first, std::span<float> values) const {
  if (file_.dtype() == io::DType::kF32) {
    Read(first, std::as_writable_bytes(values));
  } else {
    std::vector<Eigen::half> halves(values.size());
    Read(first, std::as_writable_bytes(std::span(halves)));
    const auto size = static_cast<Eigen::Index>(values.size());
    Eigen::Map<Eigen::ArrayXf>(values.data(), size) =
        Eigen::Map<const Eigen::Array<Eigen::half, Eigen::Dynamic, 1>>(halves.data(), size).cast<float>();
  }
  if (const std::size_t bad = FindNotFinite(values); bad < values.size()) {
    ThrowBadInput("{}, column {} is infinite or not a number", PlaceOf(first + bad / dim_), bad % dim_);
  }
}

}  // namespace attune::data
