#pragma once

#include <cstddef>
#include <span>

#include "common/simd.h"

namespace attune::model {

/// Equation 10 for one user and the components of one item, given what does not depend on the pair:
///   b(i,l,m) = w2 · relu(t_i + Y_lm)     t_i = W2u u_i + b2     Y_lm = W2x x_lm
/// c2 is left out: the softmax does not see it. Hidden vectors are padded to `padded` floats with zeros.
struct ComponentInputs {
  const float* user_term;    ///< t_i [padded]
  const float* w2;           ///< [padded]
  const float* projections;  ///< Y_l, [components, stride]
  std::size_t components;
  std::size_t padded;
  std::size_t stride;  ///< floats from one component to the next, >= padded
};

/// Words of simd::LaneMask for the hidden units of `components` components.
inline std::size_t MaskWords(std::size_t components, std::size_t padded) {
  return components * (padded / simd::kLanes);
}

/// Writes b(i,l,m) and which hidden units relu let through.
/// @param logits  [components]
/// @param active  [components, padded / kLanes], or nullptr
void ComponentLogits(const ComponentInputs& inputs, float* logits, simd::LaneMask* active);

/// Sums of d loss / d b(i,l,m) over the active units; times w2 they are the gradients of Y_l and of t_i
/// (relu'(0) = 0).
/// @param logit_gradients  [components]
/// @param item_sums        [components, stride], the first `padded` of a row added to
/// @param user_sums        [padded], added to
void ComponentBackward(std::span<const float> logit_gradients, const simd::LaneMask* active,
                       std::size_t padded, float* item_sums, std::size_t stride, float* user_sums);

/// Rows of `padded` floats, `stride` floats from one to the next.
struct ComponentRows {
  const float* data;
  std::size_t padded;
  std::size_t stride;
};

/// out = Σ_m weights_m rows_m, equation 12.  @param out [rows.padded]
void WeightedSum(std::span<const float> weights, const ComponentRows& rows, float* out);

/// out_m = rows_m · x.  @param x [rows.padded]
void RowDots(const ComponentRows& rows, const float* x, std::span<float> out);

/// Turns d loss / d β into d loss / d b in place: β_m (dβ_m - Σ β dβ), the softmax of equation 11 backwards.
void SoftmaxBackward(std::span<const float> weights, std::span<float> gradients);

}  // namespace attune::model
