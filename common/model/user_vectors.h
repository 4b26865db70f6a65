#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "common/model/content_terms.h"
#include "common/model/item_projections.h"
#include "common/model/item_vectors.h"
#include "common/model/model_view.h"

namespace attune::model {

/// Effective user vectors u'_i = u_i + |R|^(1-a) Σ_l α(i,l) p_l (equation 6 for a = 1), so that R̂_ij is the
/// product of u'_i with row j of items(). With the cosine u'_i is scaled to length 1. Construction projects
/// all items once (items x H1 floats) if the model has attention, and the components of an item when it is
/// first needed. Threads: const methods from any thread; each caller brings its own output.
class UserVectors {
 public:
  /// @param view  must outlive this object; its rows must not be written meanwhile
  UserVectors(const ModelView& view, unsigned threads);

  /// Bytes that construction takes for `view`.
  static std::size_t Bytes(const ModelView& view);

  /// What u'_i is multiplied with, [items, D].
  const RowsView& items() const { return items_.rows(); }

  /// Writes u'_i.
  /// @param user     row of U, or kNoIndex for a user the model does not know (u_i = 0)
  /// @param history  items of R(i), any order; empty gives u_i
  /// @param out      [D]
  /// @param weights  if not empty, [history.size()]: receives the weight of each history item in u'_i
  /// @param betas    if not null: receives β(i,l,m) of each history item, if the model has component
  /// attention
  void Compute(Index user, std::span<const Index> history, std::span<float> out,
               std::span<float> weights = {}, std::vector<std::vector<float>>* betas = nullptr) const;

 private:
  void AttentionWeights(const float* user, std::span<const Index> history, std::span<float> weights,
                        std::vector<std::vector<float>>* betas) const;

  ModelView view_;
  ItemVectors items_;
  ItemProjections projections_;
  std::unique_ptr<ContentTerms> content_;  ///< of models with component attention
};

}  // namespace attune::model
