#pragma once

#include <array>
#include <cstddef>
#include <span>

#include "common/model/model_view.h"
#include "common/simd.h"
#include "common/types.h"

/// The inner product of user and item rows, two ways with the same bits: a register-blocked kernel for many
/// users against a panel of items, and single chains for a few items of one user. Both add u[k] * v[k] in
/// order of k, each product and sum fused alike (-ffp-contract=fast), so that a pair has one score wherever
/// it is computed.
namespace attune::worker {

inline constexpr std::size_t kPanelVectors = 3;
inline constexpr std::size_t kPanelItems = kPanelVectors * simd::kLanes;
inline constexpr std::size_t kTileUsers = 8;

using PanelScores = std::array<simd::Vector, kPanelVectors>;

/// Packs items [first, first + count) as [D][kPanelItems], zeros behind the last.
inline void PackPanel(const model::RowsView& items, std::size_t first, std::size_t count, float* panel) {
  for (std::size_t n = 0; n < count; ++n) {
    const float* row = items[first + n];
    for (std::size_t k = 0; k < items.width; ++k) panel[k * kPanelItems + n] = row[k];
  }
  for (std::size_t n = count; n < kPanelItems; ++n) {
    for (std::size_t k = 0; k < items.width; ++k) panel[k * kPanelItems + n] = 0.0f;
  }
}

/// Scores of kUsers users against a panel, held in registers; calls handle(user, scores) for each.
template <std::size_t kUsers, typename Handle>
inline void ScoreTile(const float* users, std::size_t stride, const float* panel, std::size_t dim,
                      Handle&& handle) {
  std::array<PanelScores, kUsers> scores{};
  for (std::size_t k = 0; k < dim; ++k) {
    PanelScores item;
    for (std::size_t v = 0; v < kPanelVectors; ++v)
      item[v] = simd::Load(panel + k * kPanelItems + v * simd::kLanes);
    for (std::size_t n = 0; n < kUsers; ++n) {
      const float u = users[n * stride + k];
      for (std::size_t v = 0; v < kPanelVectors; ++v) scores[n][v] += u * item[v];
    }
  }
  for (std::size_t n = 0; n < kUsers; ++n) handle(n, scores[n]);
}

/// ScoreTile over any number of users; handle(user, scores) in order of users.
template <typename Handle>
inline void ScorePanel(const float* users, std::size_t count, std::size_t stride, const float* panel,
                       std::size_t dim, Handle&& handle) {
  std::size_t at = 0;
  auto shifted = [&](std::size_t n, const PanelScores& scores) { handle(at + n, scores); };
  for (; at + kTileUsers <= count; at += kTileUsers) {
    ScoreTile<kTileUsers>(users + at * stride, stride, panel, dim, shifted);
  }
  for (; at < count; ++at) ScoreTile<1>(users + at * stride, stride, panel, dim, shifted);
}

/// Scores of given items for one user.
inline void ScoreChains(const float* user, std::size_t dim, std::span<const Index> which,
                        const model::RowsView& items, float* scores) {
  constexpr std::size_t kChains = 8;  // independent sums hide the latency of each
  for (std::size_t at = 0; at < which.size(); at += kChains) {
    std::array<const float*, kChains> rows;
    for (std::size_t n = 0; n < kChains; ++n) rows[n] = items[which[at + n < which.size() ? at + n : at]];
    std::array<float, kChains> sums{};
    for (std::size_t k = 0; k < dim; ++k) {
      for (std::size_t n = 0; n < kChains; ++n) sums[n] = simd::MultiplyAdd(user[k], rows[n][k], sums[n]);
    }
    for (std::size_t n = 0; n < kChains && at + n < which.size(); ++n) scores[at + n] = sums[n];
  }
}

}  // namespace attune::worker
