#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "common/data/features_index.h"
#include "common/data/vector_file.h"

namespace attune::data {

/// Consecutive vectors in memory, as f32. A chunk is a part of fixed size: the unit that one thread takes.
/// What is computed chunk by chunk, or summed over chunks in their order, does not depend on the number of
/// threads.
struct FeatureBlock {
  std::uint64_t first = 0;         ///< vectors of the data set before this block
  std::size_t rows = 0;            ///< vectors in it, 1 or more
  std::size_t dim = 0;             ///< Dx
  std::size_t chunk_rows = 0;      ///< vectors in a chunk
  std::span<float> values;         ///< [chunks() * chunk_rows, dim]: the vectors, then rows of zeros
  std::uint64_t zero_vectors = 0;  ///< vectors of zeros in it

  std::size_t chunks() const { return (rows + chunk_rows - 1) / chunk_rows; }
  std::span<float> Chunk(std::size_t chunk) const {
    return values.subspan(chunk * chunk_rows * dim, chunk_rows * dim);
  }
  /// Vectors of `chunk` that are not padding.
  std::size_t RowsOf(std::size_t chunk) const { return std::min(chunk_rows, rows - chunk * chunk_rows); }
};

/// The vectors of a data set's items in the order of the items, read in blocks as often as wanted.
/// Memory: one block of 32 MiB (or one chunk of at least 8 vectors, if that is more), and a chunk a thread.
class FeatureBlocks {
 public:
  static constexpr std::size_t kBlockNumbers = std::size_t{1} << 23;

  /// @param l2  whether each vector is divided by its L2 norm; vectors of zeros stay
  /// @param block_numbers  how many a block may hold; but it holds a chunk at least
  /// The file, the rows and the items must outlive this object.
  FeatureBlocks(const VectorFile& file, const FeatureRows& rows, const FeatureItems& items, bool l2,
                unsigned threads, std::size_t block_numbers = kBlockNumbers);

  std::uint64_t rows() const { return rows_.indptr.back(); }
  std::size_t dim() const { return dim_; }
  unsigned threads() const { return threads_; }

  /// Visits all vectors; the visitor may change the block's values.
  /// Throws Error(kBadInput) naming file, item and row if a number is infinite or none.
  void ForEach(const std::function<void(FeatureBlock&)>& visit) const;

  /// "v.npy: item '7': row 12": where a vector of the data set comes from.
  std::string PlaceOf(std::uint64_t row) const;

 private:
  Index ItemOf(std::uint64_t row) const;
  std::uint64_t FileRow(std::uint64_t row) const;
  using RunVisitor = std::function<void(std::uint64_t, std::uint64_t, std::uint64_t)>;
  void ForEachRun(std::uint64_t first, std::uint64_t end, const RunVisitor& visit) const;
  void ReadAhead(std::uint64_t first) const;
  void Read(std::uint64_t first, std::span<std::byte> bytes) const;
  void Load(std::uint64_t first, std::span<float> values) const;

  const VectorFile& file_;
  const FeatureRows& rows_;
  const FeatureItems& items_;
  bool l2_;
  unsigned threads_;
  std::size_t dim_;
  std::size_t chunk_rows_;
  std::size_t block_rows_;
};

/// Position of the first number that is infinite or none; values.size() if all are finite.
std::size_t FindNotFinite(std::span<const float> values);

}  // namespace attune::data
