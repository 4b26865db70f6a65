#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <vector>

#include "common/aligned_buffer.h"
#include "common/model/model_view.h"

namespace attune::model {

/// W1x x_l of equation 8 with the component attention of equations 10 to 12, for a model whose parameters
/// stand still. An item's components are projected when it is first needed and kept: Y_lm = W2x x_lm, and
/// Z_lm = W1x x_lm where Dx > 2 H1. Threads: Compute from any thread.
class ContentTerms {
 public:
  /// @param view  of a model with component attention; must outlive this object
  explicit ContentTerms(const ModelView& view);
  ~ContentTerms();
  ContentTerms(const ContentTerms&) = delete;
  ContentTerms& operator=(const ContentTerms&) = delete;

  /// Bytes when all items have been needed.
  static std::uint64_t Bytes(const ModelSpec& spec, const data::ContentView& content);

  /// @param user   u_i [D], or nullptr for a user the model does not know (u_i = 0)
  /// @param terms  [items.size(), padded H1], added to
  /// @param betas  if not null, receives β(i,l,m) for each item: empty for an item without components
  void Compute(const float* user, std::span<const Index> items, float* terms,
               std::vector<std::vector<float>>* betas = nullptr) const;

 private:
  struct Scratch;

  bool keeps_values() const { return view_.spec.feature_dim > 2 * view_.spec.hidden(); }
  /// Y, then Z if it is kept, of an item with components.
  const float* Projections(Index item) const;
  void Project(Index item, float* out) const;

  const ModelView view_;
  const std::size_t padded_, padded1_, padded2_;  ///< of Dx, H1, H2
  AlignedBuffer w2_;
  mutable std::vector<std::atomic<float*>> projections_;  ///< by item; owned
};

}  // namespace attune::model
