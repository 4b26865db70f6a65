#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>

#include "common/model/algorithm.h"

namespace attune::model {

enum class ItemAttention { kNone, kAverage, kAttention };
enum class ComponentAttention { kAverage, kAttention };
enum class ItemContent { kNone, kAverage };
enum class Similarity { kDot, kCosine };

/// Which model is meant: every variant is a value of this, never another code path.
///   kNone                      BPR-MF
///   kAverage                   SVD++ (ACF paper, section 4.1); with user_vector = false FISM-like
///   kAttention                 ACF, equations 6, 8 and 9
/// With attend_content the item attention sees x_l as well: the components' mean (kAverage: Table 2, ATT/AVG)
/// or their attention-weighted sum, equations 10 to 12 (kAttention: ATT/ATT).
/// With item_content kAverage the item's vector is v_j + F x_j, x_j the mean of its components: SVDFeature.
struct ModelSpec {
  Algorithm algorithm = Algorithm::kFactorisation;  ///< one that HasVectors()
  std::uint32_t dim = 64;                           ///< D
  ItemAttention item_attention = ItemAttention::kAttention;
  bool attend_user = true;        ///< W1u u_i is part of equation 8
  bool attend_item = true;        ///< W1v v_l
  bool attend_history = true;     ///< W1p p_l
  bool attend_content = false;    ///< W1x x_l
  std::uint32_t item_hidden = 0;  ///< H1; 0 means D
  ComponentAttention component_attention = ComponentAttention::kAttention;
  std::uint32_t component_hidden = 0;  ///< H2; 0 means D
  ItemContent item_content = ItemContent::kNone;
  std::uint32_t feature_dim = 0;  ///< Dx; 0 without content
  double history_exponent =
      1.0;                  ///< a: history items weigh |R|^-a, or |R|^(1-a) times the softmax; 1 in the paper
  bool user_vector = true;  ///< u_i is part of u'_i
  bool exclude_target = false;    ///< training on (i, j, k) uses R(i) \ {j}
  std::uint32_t max_history = 0;  ///< training uses a sample of at most this many items a visit; 0 is all
  Similarity similarity = Similarity::kDot;  ///< kCosine: vectors are scaled to length 1 before the product

  /// Sum of the weights of a history of n items: n^(1-a). 1 in the paper; sqrt(n) in Koren's SVD++.
  double HistoryWeight(std::size_t n) const {
    return std::pow(static_cast<double>(n), 1.0 - history_exponent);
  }

  std::size_t hidden() const { return item_hidden == 0 ? dim : item_hidden; }
  std::size_t hidden2() const { return component_hidden == 0 ? dim : component_hidden; }
  bool HasHistory() const { return item_attention != ItemAttention::kNone; }
  bool HasAttention() const { return item_attention == ItemAttention::kAttention; }
  bool AttendsContent() const { return HasAttention() && attend_content; }
  bool HasComponentAttention() const {
    return AttendsContent() && component_attention == ComponentAttention::kAttention;
  }
  bool HasItemContent() const { return item_content != ItemContent::kNone; }
  /// Whether training and prediction read features.
  bool HasContent() const { return AttendsContent() || HasItemContent(); }
  bool HasTheta() const { return HasAttention() || HasItemContent(); }
  /// Whether the attention reads u_i: in equation 8, or in equation 10.
  bool AttentionReadsUser() const { return HasAttention() && (attend_user || HasComponentAttention()); }
  bool HasP() const { return HasHistory(); }
  bool HasU() const { return user_vector || AttentionReadsUser(); }

  bool operator==(const ModelSpec&) const = default;
};

/// CBF: users as what they have seen looks like. Item vectors are the means x_j of the components, a user is
/// the mean of the history's: SVD++ without u_i, whose P is V, and that nothing trains.
///   score(i, j) = x_j · 1/|R(i)| Σ_{l in R(i)} x_l     with the cosine both scaled to length 1
/// Pazzani and Billsus, Content-based recommendation systems (The Adaptive Web, 2007). Departure: features
/// come as they are in the data (attune prepare transforms them); none is weighed by how rare it is.
inline ModelSpec ContentMeanSpec(std::uint32_t feature_dim, Similarity similarity) {
  ModelSpec spec;
  spec.algorithm = Algorithm::kContentMean;
  spec.dim = feature_dim;
  spec.item_attention = ItemAttention::kAverage;
  spec.user_vector = false;
  spec.similarity = similarity;
  return spec;
}

}  // namespace attune::model
