#pragma once

#include <cstddef>

#include "common/aligned_buffer.h"
#include "common/model/gemm.h"
#include "common/model/model_view.h"

namespace attune::model {

/// A_l = W1v v_l + W1p p_l for gathered items: one product per input, however many users share an item. With
/// the component average also W1x x_l.
/// @param v, p, x  [n, D], [n, D], [n, Dx]; ignored where the variant does not attend to them
/// @param out      [n, stride]; the first H1 columns of each row are written, the rest is left as it is
void ProjectItems(const ModelSpec& spec, const Theta& theta, Matrix<const float> v, Matrix<const float> p,
                  Matrix<const float> x, Matrix<float> out);

/// t_i = W1u u_i + b1 for gathered users. @param u [n, D]; @param out [n, stride], first H1 columns written
void ProjectUsers(const ModelSpec& spec, const Theta& theta, Matrix<const float> u, Matrix<float> out);

/// t_i = W2u u_i + b2 of equation 10, likewise. @param out [n, stride], first H2 columns written
void ProjectUsersToComponents(const ModelSpec& spec, const Theta& theta, Matrix<const float> u,
                              Matrix<float> out);

/// The projections of all items of a model whose parameters stand still.
class ItemProjections {
 public:
  ItemProjections() = default;
  ItemProjections(const ModelView& view, unsigned threads);

  static std::size_t Bytes(const ModelView& view);

  const float* data() const { return rows_.data(); }  ///< [items, padded()]
  std::size_t padded() const { return padded_; }

 private:
  AlignedBuffer rows_;
  std::size_t padded_ = 0;
};

}  // namespace attune::model
