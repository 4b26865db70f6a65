#include "worker/delta_weights.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "common/error.h"

namespace attune::worker {
namespace {

constexpr float kShrink = 0.5F;
constexpr float kGrow = 1.1F;
/// Standard deviations, of as many fair coins as there are coordinates, that tell a turn from chance.
constexpr double kBeyondChance = 2.5;

std::size_t Parts(const RecordLayout& layout) {
  return layout.second == 0 ? 1 : 2;
}

bool Turned(std::size_t other_signs, std::size_t width) {
  const auto coordinates = static_cast<double>(width);
  const double chance = (coordinates + kBeyondChance * std::sqrt(coordinates)) / 2;
  return static_cast<double>(other_signs) > std::min(chance, coordinates - 1);
}

}  // namespace

DeltaWeights::DeltaWeights(std::size_t rows, const RecordLayout& layout, float least)
    : layout_(layout), least_(least) {
  ATTUNE_CHECK(least > 0 && least <= 1);
  if (least == 1) return;
  weights_.assign(rows * Parts(layout), 1);
  moved_.assign(weights_.size(), false);
  signs_.assign(weights_.size() * (layout.padded / simd::kLanes), 0);
}

std::size_t DeltaWeights::BytesOfRow(const RecordLayout& layout) {
  return Parts(layout) * (sizeof(float) + layout.padded / simd::kLanes * sizeof(simd::LaneMask));
}

bool DeltaWeights::Weigh(std::size_t row, float* delta) {
  if (weights_.empty()) return false;
  bool less = false;
  for (std::size_t part = 0; part < Parts(layout_); ++part) {
    less |= WeighPart(row, part, delta + part * layout_.second);
  }
  return less;
}

bool DeltaWeights::WeighPart(std::size_t row, std::size_t part, float* delta) {
  const std::size_t at = row * Parts(layout_) + part;
  const std::size_t vectors = layout_.padded / simd::kLanes;
  simd::LaneMask* const signs = signs_.data() + at * vectors;
  std::size_t others = 0;
  simd::Bits any{};
  for (std::size_t n = 0; n < vectors; ++n) {
    const simd::Vector added = simd::Load(delta + n * simd::kLanes);
    const simd::LaneMask now = simd::PositiveLanes(added);
    others += static_cast<std::size_t>(std::popcount(static_cast<simd::LaneMask>(now ^ signs[n])));
    any |= added != 0;
    signs[n] = now;
  }
  const bool moved_before = moved_[at];
  moved_[at] = simd::Any(any);
  if (!moved_[at]) return false;
  float& weight = weights_[at];
  if (moved_before) {
    weight =
        Turned(others, layout_.width) ? std::max(weight * kShrink, least_) : std::min(weight * kGrow, 1.0F);
  }
  if (weight == 1) return false;
  for (std::size_t c = 0; c < layout_.padded; c += simd::kLanes) {
    simd::Store(delta + c, weight * simd::Load(delta + c));
  }
  return true;
}

}  // namespace attune::worker
