#include "common/model/item_vectors.h"

#include <algorithm>
#include <cmath>

#include "common/model/mean_content.h"
#include "common/thread.h"

namespace attune::model {
namespace {

constexpr std::size_t kItemsPerTask = 1024;

bool OwnRows(const ModelSpec& spec) {
  return !spec.HasItemContent() && spec.similarity == Similarity::kDot;
}

/// @param rows  [count, stride], those of items from `first` on
void AddContent(const ModelView& view, Index first, std::size_t count, float* rows, std::size_t stride) {
  const std::size_t padded = simd::Padded(view.spec.feature_dim);
  AlignedBuffer means;
  AverageComponents(view.content, first, count, means.Reserve(count * padded), padded);
  ProjectContent(view.spec, *view.theta, {means.data(), count, view.spec.feature_dim, padded},
                 {rows, count, view.spec.dim, stride}, true);
}

}  // namespace

void ProjectContent(const ModelSpec& spec, const Theta& theta, Matrix<const float> x, Matrix<float> out,
                    bool add) {
  out.cols = spec.dim;
  MultiplyTransposed(x, {theta[ThetaName::kF].data(), spec.dim, spec.feature_dim, spec.feature_dim}, out,
                     add);
}

ItemVectors::ItemVectors(const ModelView& view, unsigned threads) : rows_(view.v) {
  if (OwnRows(view.spec)) return;
  const std::size_t items = view.v.rows;
  const std::size_t padded = simd::Padded(view.spec.dim);
  float* const rows = buffer_.Zeroed(items * padded);
  rows_ = {rows, items, view.spec.dim, padded};
  const std::size_t tasks = (items + kItemsPerTask - 1) / kItemsPerTask;
  ParallelFor(threads, tasks, "items", [&](unsigned, std::size_t task) {
    const std::size_t first = task * kItemsPerTask;
    const std::size_t count = std::min(kItemsPerTask, items - first);
    float* const own = rows + first * padded;
    for (std::size_t n = 0; n < count; ++n) std::copy_n(view.v[first + n], view.spec.dim, own + n * padded);
    if (view.spec.HasItemContent()) AddContent(view, static_cast<Index>(first), count, own, padded);
    if (view.spec.similarity != Similarity::kCosine) return;
    for (std::size_t n = 0; n < count; ++n) ScaleToUnit(own + n * padded, view.spec.dim);
  });
}

std::size_t ItemVectors::Bytes(const ModelView& view) {
  return OwnRows(view.spec) ? 0 : view.v.rows * simd::Padded(view.spec.dim) * sizeof(float);
}

float ScaleToUnit(float* vector, std::size_t size) {
  double squares = 0;
  for (std::size_t n = 0; n < size; ++n) squares += static_cast<double>(vector[n]) * vector[n];
  if (squares == 0) return 1.0f;
  const auto factor = static_cast<float>(1.0 / std::sqrt(squares));
  for (std::size_t n = 0; n < size; ++n) vector[n] *= factor;
  return factor;
}

}  // namespace attune::model
