#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "common/model/spec.h"
#include "common/types.h"

/// The model in plain loops and double precision, one triple at a time, written to be read beside the paper.
/// Slow; the fast kernels are tested against it, and it against finite differences and golden vectors.
namespace attune::model {

/// L2 of a training step; see `l2`, `l2_factor`, `l2_scope` in the settings reference.
struct L2 {
  double u = 0, v = 0, p = 0, theta = 0;
  double factor = 1;           ///< the term is factor/2 lambda ||.||²: gradient factor lambda theta
  bool per_occurrence = true;  ///< rows count once for each triple that touches them, else once a batch
};

/// Parameters, or a gradient of them. All row-major.
struct ReferenceParameters {
  std::vector<double> U, V, P;        ///< [users, D], [items, D], [items, D]
  std::vector<double> W1u, W1v, W1p;  ///< [H1, D]
  std::vector<double> b1, w1;         ///< [H1]
  std::vector<double> W1x;            ///< [H1, Dx]
  std::vector<double> W2u, W2x;       ///< [H2, D], [H2, Dx]
  std::vector<double> b2, w2;         ///< [H2]
  std::vector<double> F;              ///< [D, Dx]

  /// Every array by reference, in the order above.
  std::array<const std::vector<double>*, 14> All() const {
    return {&U, &V, &P, &W1u, &W1v, &W1p, &b1, &w1, &W1x, &W2u, &W2x, &b2, &w2, &F};
  }
  std::array<std::vector<double>*, 14> All() {
    return {&U, &V, &P, &W1u, &W1v, &W1p, &b1, &w1, &W1x, &W2u, &W2x, &b2, &w2, &F};
  }
};

/// Equations 10 to 12 for one user and one item.
struct ReferenceContent {
  std::vector<double> beta;  ///< [M]
  std::vector<double> x;     ///< [Dx] x_l; zero for an item without components
};

/// What equation 6 gives for one user and one history.
struct ReferenceForward {
  std::vector<double> alpha;              ///< [history] weights; they sum to |R|^(1-a)
  std::vector<double> u_prime;            ///< [D]
  std::vector<ReferenceContent> content;  ///< [history] of models with content
};

class ReferenceModel {
 public:
  /// @param histories   R(i) for each user
  /// @param components  x_lm of each item, M_l x Dx; unused without content
  ReferenceModel(const ModelSpec& spec, ReferenceParameters parameters,
                 std::vector<std::vector<Index>> histories, std::vector<std::vector<double>> components = {});

  ReferenceParameters& parameters() { return parameters_; }

  /// R(i), without `target` if the variant excludes it and `target` is not kNoIndex.
  std::vector<Index> History(Index user, Index target) const;
  ReferenceForward Forward(Index user, std::span<const Index> history) const;
  /// R̂_ij over the whole history (inference).
  double Score(Index user, Index item) const;

  /// Loss of a batch, equation 5: sum of -ln σ(R̂_ij - R̂_ik) plus the L2 term; divided by the triples if
  /// `mean`.
  double Loss(std::span<const Triple> batch, const L2& l2, bool mean) const;
  /// Its gradient, dense.
  ReferenceParameters Gradient(std::span<const Triple> batch, const L2& l2, bool mean) const;

 private:
  /// How often L2 counts each row of U, V, P over a batch.
  struct Counts {
    std::vector<double> u, v, p;
    double theta = 0;
  };
  Counts CountRows(std::span<const Triple> batch, const L2& l2) const;
  void AddTripleGradient(const Triple& triple, ReferenceParameters& gradient) const;
  void AddAttentionGradient(Index user, std::span<const Index> history,
                            std::span<const double> logit_gradients, ReferenceParameters& gradient) const;
  /// z_l = W1u u_i + W1v v_l + W1p p_l + W1x x_l + b1, equation 8. [H1]
  std::vector<double> Hidden(Index user, Index item, const ReferenceContent& content) const;
  ReferenceContent Content(Index user, Index item) const;
  /// q_lm = W2u u_i + W2x x_lm + b2, equation 10. [H2]
  std::vector<double> ComponentHidden(Index user, Index item, std::size_t component) const;
  std::size_t Components(Index item) const { return components_[item].size() / spec_.feature_dim; }
  void AddComponentGradient(Index user, Index item, const ReferenceContent& content,
                            std::span<const double> x_gradient, ReferenceParameters& gradient) const;
  /// x_j of the item content: the mean of the components. [Dx], zero for an item without
  std::vector<double> MeanContent(Index item) const;
  /// What u'_i is multiplied with: v_j, or v_j + F x_j. [D]
  std::vector<double> ItemVector(Index item) const;
  double DifferenceOfScores(const Triple& triple) const;
  /// The arrays of Θ that the variant has, as positions in ReferenceParameters::All().
  std::vector<std::size_t> ThetaArrays() const;

  ModelSpec spec_;
  ReferenceParameters parameters_;
  std::vector<std::vector<Index>> histories_;
  std::vector<std::vector<double>> components_;
};

}  // namespace attune::model
