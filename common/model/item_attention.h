#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace attune::model {

/// Equations 8 and 9 for one user, given what does not depend on the pair:
///   a(i,l) = w1 · relu(t_i + A_l)     t_i = W1u u_i + b1     A_l = W1v v_l + W1p p_l
/// c1 is left out: the softmax does not see it.
/// Shapes: hidden vectors are padded to `padded` floats (simd::Padded(H1)) with zeros in t, A, w1.
struct AttentionInputs {
  const float* user_term;                ///< t_i [padded]
  const float* w1;                       ///< [padded]
  const float* item_terms;               ///< A, rows of `padded` floats
  std::span<const std::uint32_t> slots;  ///< row of A for each history item
  std::size_t padded;
};

/// Writes a(i,l) for each history item. @param logits [slots.size()]
void AttentionLogits(const AttentionInputs& inputs, std::span<float> logits);

/// Replaces logits by their softmax, equation 9. Subtracts the greatest first: no overflow for any finite
/// input. The bits of the result do not depend on where `values` lies.
void Softmax(std::span<float> values);

/// Where the gradients of the logits go; all are added to.
struct AttentionGradients {
  float* item_terms;  ///< dA, laid out like AttentionInputs::item_terms
  float* user_term;   ///< dt_i [padded]
  float* w1;          ///< dw1 [padded]
};

/// Back-propagates d loss / d a(i,l) through equation 8; relu'(0) = 0.
/// @param logit_gradients [slots.size()]
void AttentionBackward(const AttentionInputs& inputs, std::span<const float> logit_gradients,
                       const AttentionGradients& gradients);

}  // namespace attune::model
