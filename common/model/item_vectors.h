#pragma once

#include <cstddef>

#include "common/aligned_buffer.h"
#include "common/model/gemm.h"
#include "common/model/model_view.h"

namespace attune::model {

/// F x_l of gathered items, what content adds to their vectors.
/// @param x    [n, Dx] means of components
/// @param out  [n, stride], the first D columns written, or added to
void ProjectContent(const ModelSpec& spec, const Theta& theta, Matrix<const float> x, Matrix<float> out,
                    bool add);

/// What users' vectors are multiplied with, for a model whose parameters stand still: v_j; with item content
/// v_j + F x_j; with the cosine scaled to length 1 (a vector of zeros stays one). Copied only where it is not
/// the model's own rows. Threads: const methods from any thread.
class ItemVectors {
 public:
  ItemVectors() = default;
  /// @param view  must outlive this object
  ItemVectors(const ModelView& view, unsigned threads);

  static std::size_t Bytes(const ModelView& view);

  const RowsView& rows() const { return rows_; }  ///< [items, D]

 private:
  AlignedBuffer buffer_;
  RowsView rows_;
};

/// Scales a vector to length 1 in place, unless it is zero. @returns the factor
float ScaleToUnit(float* vector, std::size_t size);

}  // namespace attune::model
