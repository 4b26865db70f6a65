#include "common/data/features.h"

#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <vector>

#include "common/error.h"
#include "common/half.h"

namespace attune::data {
namespace {

constexpr std::uintptr_t kPage = 4096;

}  // namespace

std::uint64_t ContentView::total() const {
  if (item_of_row_.empty()) return indptr_.empty() ? 0 : indptr_.back();
  std::uint64_t sum = 0;
  for (Index row = 0; row < item_of_row_.size(); ++row) sum += (*this)[row].count;
  return sum;
}

std::uint32_t ContentView::LargestItem() const {
  std::uint32_t most = 0;
  for (Index row = 0; row < items(); ++row) most = std::max(most, (*this)[row].count);
  return most;
}

void ContentView::Read(const Range& range, float* out, std::size_t stride) const {
  const std::size_t row_bytes = dim_ * (half_ ? sizeof(std::uint16_t) : sizeof(float));
  const std::byte* from = vectors_ + range.first * row_bytes;
  for (std::uint32_t n = 0; n < range.count; ++n, from += row_bytes, out += stride) {
    if (half_) {
      HalfToFloat(reinterpret_cast<const std::uint16_t*>(from), out, dim_);
    } else {
      std::memcpy(out, from, row_bytes);
    }
  }
}

void ContentView::WillNeed(const Range& range) const {
  if (range.count == 0) return;
  const std::size_t row_bytes = dim_ * (half_ ? sizeof(std::uint16_t) : sizeof(float));
  const auto begin = reinterpret_cast<std::uintptr_t>(vectors_ + range.first * row_bytes) & ~(kPage - 1);
  const auto end = reinterpret_cast<std::uintptr_t>(vectors_ + (range.first + range.count) * row_bytes);
  madvise(reinterpret_cast<void*>(begin), end - begin, MADV_WILLNEED);  // a hint: failure changes nothing
}

std::optional<ContentView::NotFinite> ContentView::FindNotFinite() const {
  std::vector<float> vector(dim_);
  for (Index row = 0; row < items(); ++row) {
    const Range range = (*this)[row];
    for (std::uint32_t component = 0; component < range.count; ++component) {
      Read({range.first + component, 1}, vector.data(), dim_);
      const auto bad =
          std::find_if_not(vector.begin(), vector.end(), [](float v) { return std::isfinite(v); });
      if (bad != vector.end())
        return NotFinite{row, component, static_cast<std::size_t>(bad - vector.begin())};
    }
  }
  return std::nullopt;
}

ContentView ContentView::WithRows(std::span<const Index> item_of_row) const {
  ContentView view = *this;
  view.item_of_row_ = item_of_row;
  return view;
}

Features::Features(const std::filesystem::path& directory, Index items)
    : vectors_(directory / "vectors.npy"), indptr_(directory / "indptr.npy") {
  const io::NpyHeader& header = vectors_.header();
  if (header.dtype != io::DType::kF16 && header.dtype != io::DType::kF32) {
    ThrowBadInput("{}: elements of type {}, expected <f2 or <f4 (float16 or float32)",
                  vectors_.path().string(), io::DTypeCode(header.dtype));
  }
  if (header.shape.size() != 2 || header.shape[1] == 0) {
    ThrowBadInput("{}: {} dimension{}, expected an array [vectors, Dx] with Dx of 1 or more",
                  vectors_.path().string(), header.shape.size(), header.shape.size() == 1 ? "" : "s");
  }
  const auto indptr = indptr_.As<std::uint64_t>();
  indptr_.RequireShape(std::array{std::uint64_t{items} + 1});
  if (indptr.front() != 0 || indptr.back() != header.shape[0] ||
      !std::is_sorted(indptr.begin(), indptr.end())) {
    ThrowBadInput("{}: does not partition {} vectors over {} items", indptr_.path().string(), header.shape[0],
                  items);
  }
  for (std::size_t item = 0; item < items; ++item) {
    if (indptr[item + 1] - indptr[item] <= kMaxComponents) continue;
    ThrowBadInput("{}: item {} has {} components, at most {} are supported", indptr_.path().string(), item,
                  indptr[item + 1] - indptr[item], kMaxComponents);
  }
}

ContentView Features::view() const {
  return {vectors_.data().data(), vectors_.header().dtype, dim(), indptr_.As<std::uint64_t>()};
}

}  // namespace attune::data
