#include "common/model/item_attention.h"

#include <Eigen/Core>
#include <algorithm>

#include "common/simd.h"

namespace attune::model {
namespace {

using simd::kLanes;
using simd::Load;
using simd::Store;
using simd::Vector;

/// Backward for kBlock vectors of the hidden dimension starting at `c`: what does not depend on the item
/// stays in registers over the whole history.
template <int kBlock>
void BackwardBlock(const AttentionInputs& in, std::span<const float> logit_gradients,
                   const AttentionGradients& out, std::size_t c) {
  Vector t[kBlock], w[kBlock], dt[kBlock], dw[kBlock];
  for (int b = 0; b < kBlock; ++b) {
    t[b] = Load(in.user_term + c + b * kLanes);
    w[b] = Load(in.w1 + c + b * kLanes);
    dt[b] = Load(out.user_term + c + b * kLanes);
    dw[b] = Load(out.w1 + c + b * kLanes);
  }
  for (std::size_t n = 0; n < in.slots.size(); ++n) {
    const std::size_t row = in.slots[n] * in.padded + c;
    const float* a = in.item_terms + row;
    float* da = out.item_terms + row;
    const float g = logit_gradients[n];
    for (int b = 0; b < kBlock; ++b) {
      const Vector z = t[b] + Load(a + b * kLanes);
      const Vector dz = z > 0 ? g * w[b] : Vector{};
      dw[b] += g * simd::Relu(z);
      dt[b] += dz;
      Store(da + b * kLanes, Load(da + b * kLanes) + dz);
    }
  }
  for (int b = 0; b < kBlock; ++b) {
    Store(out.user_term + c + b * kLanes, dt[b]);
    Store(out.w1 + c + b * kLanes, dw[b]);
  }
}

}  // namespace

void AttentionLogits(const AttentionInputs& in, std::span<float> logits) {
  for (std::size_t n = 0; n < in.slots.size(); ++n) {
    const float* a = in.item_terms + in.slots[n] * in.padded;
    Vector sum{};
    for (std::size_t c = 0; c < in.padded; c += kLanes) {
      sum += Load(in.w1 + c) * simd::Relu(Load(in.user_term + c) + Load(a + c));
    }
    logits[n] = simd::Sum(sum);
  }
}

void Softmax(std::span<float> values) {
  if (values.empty()) return;
  // Vector by vector, the last one padded: in one Eigen expression the bits would depend on the address.
  using Lanes = Eigen::Array<float, static_cast<int>(kLanes), 1>;
  const float most = *std::max_element(values.begin(), values.end());
  Lanes sum = Lanes::Zero();
  for (std::size_t n = 0; n < values.size(); n += kLanes) {
    const std::size_t count = std::min(kLanes, values.size() - n);
    Lanes x = Lanes::Constant(most);
    std::copy_n(values.data() + n, count, x.data());
    x = (x - most).exp();
    std::fill(x.data() + count, x.data() + kLanes, 0.0f);
    sum += x;
    std::copy_n(x.data(), count, values.data() + n);
  }
  const float total = sum.sum();
  for (float& value : values) value /= total;
}

void AttentionBackward(const AttentionInputs& inputs, std::span<const float> logit_gradients,
                       const AttentionGradients& gradients) {
  std::size_t c = 0;
  for (; c + 4 * kLanes <= inputs.padded; c += 4 * kLanes) {
    BackwardBlock<4>(inputs, logit_gradients, gradients, c);
  }
  for (; c < inputs.padded; c += kLanes) BackwardBlock<1>(inputs, logit_gradients, gradients, c);
}

}  // namespace attune::model
