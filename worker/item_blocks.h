#pragma once

#include <algorithm>
#include <cstddef>
#include <span>

#include "common/data/features.h"
#include "common/simd.h"

namespace attune::worker {

/// A few items whose components are worked on together: enough rows for a fast matrix product, few enough to
/// stay in the processor's second-level cache.
struct ItemBlock {
  std::size_t first = 0;  ///< position of the first item
  std::size_t end = 0;
  std::size_t rows = 0;  ///< components of all of them
};

/// Floats of one block in all its matrices together.
inline constexpr std::size_t kBlockFloats = std::size_t{1} << 17;

/// Most components of a block. @param width  floats for one component in all matrices
inline std::uint64_t LargestBlock(const data::ContentView& content, std::size_t width) {
  return std::max<std::uint64_t>(kBlockFloats / width, content.LargestItem());
}

/// Calls body(block) for consecutive blocks of `items`.
/// @param width  floats for one component in all matrices
template <typename Body>
void ForItemBlocks(const data::ContentView& content, std::span<const Index> items, std::size_t width,
                   Body&& body) {
  const std::size_t most = std::max<std::size_t>(1, kBlockFloats / width);
  ItemBlock block;
  while (block.end < items.size()) {
    const std::size_t rows = content[items[block.end]].count;
    if (block.rows > 0 && block.rows + rows > most) {
      body(block);
      block = {block.end, block.end, 0};
    }
    block.rows += rows;
    ++block.end;
  }
  if (block.end > block.first) body(block);
}

/// Reads the components of a block's items one after another, as [block.rows, padded Dx] with zero padding.
inline void ReadBlock(const data::ContentView& content, std::span<const Index> items, const ItemBlock& block,
                      float* out) {
  const std::size_t padded = simd::Padded(content.dim());
  if (padded != content.dim()) std::fill_n(out, block.rows * padded, 0.0f);
  for (std::size_t n = block.first; n < block.end; ++n) {
    const auto range = content[items[n]];
    content.Read(range, out, padded);
    out += range.count * padded;
  }
}

}  // namespace attune::worker
