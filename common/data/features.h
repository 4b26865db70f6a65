#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <vector>

#include "common/io/npy.h"
#include "common/types.h"

namespace attune::data {

/// Most vectors an item may have.
inline constexpr std::uint64_t kMaxComponents = 65'535;

/// Component vectors x_lm of items, by row of a model's item tables. A view of mapped files.
/// Threads: const methods from any thread.
class ContentView {
 public:
  /// Rows of the array of vectors that belong to an item; count 0 for an item without content.
  struct Range {
    std::uint64_t first = 0;
    std::uint32_t count = 0;
  };

  ContentView() = default;
  /// @param vectors  [indptr.back(), dim], f16 or f32
  /// @param indptr   [items of the data + 1]
  ContentView(const std::byte* vectors, io::DType dtype, std::size_t dim,
              std::span<const std::uint64_t> indptr)
      : vectors_(vectors), half_(dtype == io::DType::kF16), dim_(dim), indptr_(indptr) {}

  bool empty() const { return vectors_ == nullptr; }
  std::size_t dim() const { return dim_; }  ///< Dx
  /// Rows of the item tables that this view knows.
  std::size_t items() const { return item_of_row_.empty() ? indptr_.size() - 1 : item_of_row_.size(); }
  /// Components of all items together.
  std::uint64_t total() const;

  /// Components of the item that has most.
  std::uint32_t LargestItem() const;

  Range operator[](Index row) const {
    const Index item = item_of_row_.empty() ? row : item_of_row_[row];
    if (item == kNoIndex) return {};
    return {indptr_[item], static_cast<std::uint32_t>(indptr_[item + 1] - indptr_[item])};
  }

  /// Converts the vectors of `range` to floats.
  /// @param out  [range.count, stride], stride >= Dx; what lies beyond Dx in a row is left as it is
  void Read(const Range& range, float* out, std::size_t stride) const;
  /// Tells the system that these vectors are needed soon.
  void WillNeed(const Range& range) const;

  /// A number that is infinite or none.
  struct NotFinite {
    Index row = 0;                ///< of the item tables
    std::uint32_t component = 0;  ///< of the item
    std::size_t number = 0;       ///< of the vector
  };
  /// Reads every vector. @returns the first number that is not finite, or nothing
  std::optional<NotFinite> FindNotFinite() const;

  /// The same vectors for a model whose item rows are others.
  /// @param item_of_row  item of the data for each row, kNoIndex where it has none; must outlive the view
  ContentView WithRows(std::span<const Index> item_of_row) const;

 private:
  const std::byte* vectors_ = nullptr;
  bool half_ = false;
  std::size_t dim_ = 0;
  std::span<const std::uint64_t> indptr_;
  std::span<const Index> item_of_row_;
};

/// DATA/features, mapped read-only.
class Features {
 public:
  /// Opens `directory` for a data set of `items` items and checks shapes and offsets. Throws Error(kBadInput)
  /// naming file and cause.
  Features(const std::filesystem::path& directory, Index items);

  /// Refers to this object.
  ContentView view() const;
  std::size_t dim() const { return static_cast<std::size_t>(vectors_.header().shape[1]); }

 private:
  io::NpyView vectors_;
  io::NpyView indptr_;
};

}  // namespace attune::data
