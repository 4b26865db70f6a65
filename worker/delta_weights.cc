#include "worker/delta_weights.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "common/error.h"

namespace attune::worker {
namespace {

constexpr float kShrink = 0.5F;
constexpr float kGrow = 1.1F;
constexpr double kBeyondChance = 2.5;
/// An addition so much smaller than the last is what rounding to bf16 has left of that, and has no direction.
constexpr float kRemainder = 1.0F / 64;

std::size_t Parts(const RecordLayout& layout) {
  return layout.second == 0 ? 1 : 2;
}

bool Turned(std::size_t other_signs, std::size_t width) {
  const auto coordinates = static_cast<double>(width);
  return static_cast<double>(other_signs) > (coordinates + kBeyondChance * std::sqrt(coordinates)) / 2;
}

float SumOfAbsolutes(const float* numbers, std::size_t padded) {
  simd::Vector sum{};
  for (std::size_t c = 0; c < padded; c += simd::kLanes) {
    const simd::Vector value = simd::Load(numbers + c);
    sum += value < 0 ? -value : value;
  }
  return simd::Sum(sum);
}

}  // namespace

DeltaWeights::DeltaWeights(std::size_t rows, const RecordLayout& layout, bool on) : layout_(layout) {
  if (!on) return;
  weights_.assign(rows * Parts(layout), 1);
  sizes_.assign(weights_.size(), 0);
  signs_.assign(weights_.size() * (layout.padded / simd::kLanes), 0);
}

void DeltaWeights::SetLeast(float least) {
  ATTUNE_CHECK(least > 0 && least <= 1);
  least_ = least;
}

std::size_t DeltaWeights::BytesOfRow(const RecordLayout& layout) {
  return Parts(layout) * (2 * sizeof(float) + layout.padded / simd::kLanes * sizeof(simd::LaneMask));
}

bool DeltaWeights::Weigh(std::size_t row, float* delta) {
  if (weights_.empty()) return false;
  bool less = false;
  for (std::size_t part = 0; part < Parts(layout_); ++part, delta += layout_.second) {
    const std::size_t at = row * Parts(layout_) + part;
    const float size = SumOfAbsolutes(delta, layout_.padded);
    if (size == 0) continue;
    Vote(at, size, delta);
    const float weight = weights_[at];
    if (weight == 1) continue;
    less = true;
    for (std::size_t c = 0; c < layout_.padded; c += simd::kLanes) {
      simd::Store(delta + c, weight * simd::Load(delta + c));
    }
  }
  return less;
}

void DeltaWeights::Vote(std::size_t at, float size, const float* delta) {
  const float last = sizes_[at];
  if (!(size > last * kRemainder)) {
    sizes_[at] = last / 2;  // what has become small for good is heard in the end
    return;
  }
  sizes_[at] = size;
  const std::size_t vectors = layout_.padded / simd::kLanes;
  simd::LaneMask* const signs = signs_.data() + at * vectors;
  std::size_t others = 0;
  for (std::size_t n = 0; n < vectors; ++n) {
    const simd::LaneMask now = simd::PositiveLanes(simd::Load(delta + n * simd::kLanes));
    others += static_cast<std::size_t>(std::popcount(static_cast<simd::LaneMask>(now ^ signs[n])));
    signs[n] = now;
  }
  if (last == 0) return;
  const float weight = weights_[at];
  weights_[at] =
      Turned(others, layout_.width) ? std::max(weight * kShrink, least_) : std::min(weight * kGrow, 1.0F);
}

}  // namespace attune::worker
