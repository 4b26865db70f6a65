#include "common/model/component_attention.h"

#include <algorithm>

namespace attune::model {
namespace {

using simd::kLanes;
using simd::LaneMask;
using simd::Load;
using simd::Store;
using simd::Vector;

/// Vectors of a row that a kernel keeps in registers over all components.
constexpr int kBlock = 8;

/// Calls body(std::integral_constant<int, vectors>, first column) for whole blocks, then vector by vector.
template <typename Body>
void ForBlocks(std::size_t padded, Body&& body) {
  std::size_t c = 0;
  for (; c + kBlock * kLanes <= padded; c += kBlock * kLanes) body(std::integral_constant<int, kBlock>(), c);
  for (; c < padded; c += kLanes) body(std::integral_constant<int, 1>(), c);
}

template <int kVectors>
void LogitsBlock(const ComponentInputs& in, std::size_t c, float* logits, LaneMask* active) {
  Vector t[kVectors], w[kVectors];
  for (int b = 0; b < kVectors; ++b) {
    t[b] = Load(in.user_term + c + b * kLanes);
    w[b] = Load(in.w2 + c + b * kLanes);
  }
  const std::size_t words = in.padded / kLanes;
  for (std::size_t m = 0; m < in.components; ++m) {
    const float* y = in.projections + m * in.stride + c;
    Vector sums[2] = {};
    for (int b = 0; b < kVectors; ++b) {
      const Vector z = t[b] + Load(y + b * kLanes);
      if (active != nullptr) active[m * words + c / kLanes + b] = simd::PositiveLanes(z);
      sums[b % 2] += w[b] * simd::Relu(z);
    }
    logits[m] += simd::Sum(sums[0] + sums[1]);
  }
}

template <int kVectors>
void BackwardBlock(std::span<const float> logit_gradients, const LaneMask* active, std::size_t padded,
                   std::size_t c, float* __restrict item_sums, std::size_t stride,
                   float* __restrict user_sums) {
  Vector user[kVectors];
  for (int b = 0; b < kVectors; ++b) user[b] = Load(user_sums + c + b * kLanes);
  const std::size_t words = padded / kLanes;
  for (std::size_t m = 0; m < logit_gradients.size(); ++m) {
    const Vector g = simd::Broadcast(logit_gradients[m]);
    float* item = item_sums + m * stride + c;
    for (int b = 0; b < kVectors; ++b) {
      const LaneMask mask = active[m * words + c / kLanes + b];
      Store(item + b * kLanes, simd::AddWhere(mask, Load(item + b * kLanes), g));
      user[b] = simd::AddWhere(mask, user[b], g);
    }
  }
  for (int b = 0; b < kVectors; ++b) Store(user_sums + c + b * kLanes, user[b]);
}

}  // namespace

void ComponentLogits(const ComponentInputs& inputs, float* logits, LaneMask* active) {
  std::fill_n(logits, inputs.components, 0.0f);
  ForBlocks(inputs.padded,
            [&](auto vectors, std::size_t c) { LogitsBlock<vectors>(inputs, c, logits, active); });
}

void ComponentBackward(std::span<const float> logit_gradients, const LaneMask* active, std::size_t padded,
                       float* item_sums, std::size_t stride, float* user_sums) {
  ForBlocks(padded, [&](auto vectors, std::size_t c) {
    BackwardBlock<vectors>(logit_gradients, active, padded, c, item_sums, stride, user_sums);
  });
}

void WeightedSum(std::span<const float> weights, const ComponentRows& rows, float* out) {
  ForBlocks(rows.padded, [&](auto vectors, std::size_t c) {
    Vector sum[vectors] = {};
    for (std::size_t m = 0; m < weights.size(); ++m) {
      const float* row = rows.data + m * rows.stride + c;
      for (int b = 0; b < vectors; ++b) sum[b] += weights[m] * Load(row + b * kLanes);
    }
    for (int b = 0; b < vectors; ++b) Store(out + c + b * kLanes, sum[b]);
  });
}

void RowDots(const ComponentRows& rows, const float* x, std::span<float> out) {
  std::fill(out.begin(), out.end(), 0.0f);
  ForBlocks(rows.padded, [&](auto vectors, std::size_t c) {
    Vector block[vectors];
    for (int b = 0; b < vectors; ++b) block[b] = Load(x + c + b * kLanes);
    for (std::size_t m = 0; m < out.size(); ++m) {
      const float* row = rows.data + m * rows.stride + c;
      Vector sums[2] = {};
      for (int b = 0; b < vectors; ++b) sums[b % 2] += block[b] * Load(row + b * kLanes);
      out[m] += simd::Sum(sums[0] + sums[1]);
    }
  });
}

void SoftmaxBackward(std::span<const float> weights, std::span<float> gradients) {
  float mean = 0;
  for (std::size_t m = 0; m < weights.size(); ++m) mean += weights[m] * gradients[m];
  for (std::size_t m = 0; m < weights.size(); ++m) gradients[m] = weights[m] * (gradients[m] - mean);
}

}  // namespace attune::model
