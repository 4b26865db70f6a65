#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "common/model/model_view.h"
#include "common/simd.h"
#include "common/types.h"

/// Products of a few users with a panel of items, in registers. A score is the sum over k = 0 … D-1 of
/// u[k] v[k], one multiply-add after the other in a lane of its own: whatever the tile and the panel that a
/// pair falls in, the same operations in the same order give the same bits.
namespace attune::worker {

inline constexpr std::size_t kPanelVectors = 3;
inline constexpr std::size_t kPanelItems = kPanelVectors * simd::kLanes;
/// 8 x 3 sums, 3 vectors of items and a user's coefficient: 28 of the 32 registers of AVX-512.
inline constexpr std::size_t kTileUsers = 8;

using Mask [[gnu::vector_size(64)]] = std::int32_t;

/// Floats of a panel: item components k-major, [Padded(D)][kPanelItems].
constexpr std::size_t PanelFloats(std::size_t dim) {
  return simd::Padded(dim) * kPanelItems;
}

/// Interleaves a's and b's lanes: first halves, second halves.
inline simd::Vector InterleaveLow(simd::Vector a, simd::Vector b) {
  return __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}
inline simd::Vector InterleaveHigh(simd::Vector a, simd::Vector b) {
  return __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
}

/// Transposes 16 x 16. Interleaving the halves of the 256 numbers rotates the bits of their positions by one;
/// four times swaps row and column.
inline void Transpose(simd::Vector (&rows)[simd::kLanes]) {
  for (int turn = 0; turn < 4; ++turn) {
    simd::Vector turned[simd::kLanes];
    for (std::size_t n = 0; n < simd::kLanes / 2; ++n) {
      turned[2 * n] = InterleaveLow(rows[n], rows[n + simd::kLanes / 2]);
      turned[2 * n + 1] = InterleaveHigh(rows[n], rows[n + simd::kLanes / 2]);
    }
    for (std::size_t n = 0; n < simd::kLanes; ++n) rows[n] = turned[n];
  }
}

/// Packs `count` <= kPanelItems rows, row_of(n) -> const float*, of `dim` floats; the rest is zero.
template <typename RowOf>
void PackPanel(RowOf&& row_of, std::size_t count, std::size_t dim, float* panel) {
  for (std::size_t first = 0; first < kPanelItems; first += simd::kLanes) {
    const std::size_t rows = first < count ? std::min(simd::kLanes, count - first) : 0;
    const float* row[simd::kLanes];
    for (std::size_t n = 0; n < rows; ++n) row[n] = row_of(first + n);
    for (std::size_t k = 0; k < dim; k += simd::kLanes) {
      simd::Vector block[simd::kLanes] = {};
      if (rows == simd::kLanes && k + simd::kLanes <= dim) {
        for (std::size_t n = 0; n < simd::kLanes; ++n) block[n] = simd::Load(row[n] + k);
      } else {
        const std::size_t bytes = std::min(simd::kLanes, dim - k) * sizeof(float);
        for (std::size_t n = 0; n < rows; ++n) std::memcpy(&block[n], row[n] + k, bytes);
      }
      Transpose(block);
      for (std::size_t n = 0; n < simd::kLanes; ++n) {
        simd::Store(panel + (k + n) * kPanelItems + first, block[n]);
      }
    }
  }
}

/// Scores of kUsers users and a panel; `use(scores)` gets them while they are in registers.
/// @param users  [dim][kUsers]
template <std::size_t kUsers, typename Use>
[[gnu::always_inline]] inline void ScoreTile(const float* users, const float* panel, std::size_t dim,
                                             Use&& use) {
  simd::Vector scores[kUsers][kPanelVectors] = {};
  for (std::size_t k = 0; k < dim; ++k) {
    simd::Vector item[kPanelVectors];
    for (std::size_t v = 0; v < kPanelVectors; ++v) {
      item[v] = simd::Load(panel + k * kPanelItems + v * simd::kLanes);
    }
    for (std::size_t n = 0; n < kUsers; ++n) {
      const simd::Vector coefficient = simd::Broadcast(users[k * kUsers + n]);
      for (std::size_t v = 0; v < kPanelVectors; ++v) scores[n][v] += coefficient * item[v];
    }
  }
  use(scores);
}

}  // namespace attune::worker
