#include "common/model/item_projections.h"

#include <algorithm>

#include "common/thread.h"

namespace attune::model {
namespace {

constexpr std::size_t kItemsPerTask = 1024;

Matrix<const float> Weights(const ModelSpec& spec, const Theta& theta, ThetaName name) {
  return {theta[name].data(), spec.hidden(), spec.dim, spec.dim};
}

Matrix<const float> RowsFrom(const RowsView& view, std::size_t first, std::size_t count) {
  if (view.empty()) return {};
  return {view[first], count, view.width, view.stride};
}

}  // namespace

void ProjectItems(const ModelSpec& spec, const Theta& theta, Matrix<const float> v, Matrix<const float> p,
                  Matrix<float> out) {
  out.cols = spec.hidden();
  if (spec.attend_item) MultiplyTransposed(v, Weights(spec, theta, ThetaName::kW1v), out);
  if (spec.attend_history)
    MultiplyTransposed(p, Weights(spec, theta, ThetaName::kW1p), out, spec.attend_item);
  if (spec.attend_item || spec.attend_history) return;
  for (std::size_t n = 0; n < out.rows; ++n) std::fill_n(out.data + n * out.stride, out.cols, 0.0f);
}

void ProjectUsers(const ModelSpec& spec, const Theta& theta, Matrix<const float> u, Matrix<float> out) {
  out.cols = spec.hidden();
  const auto b1 = theta[ThetaName::kB1];
  for (std::size_t n = 0; n < out.rows; ++n) std::copy(b1.begin(), b1.end(), out.data + n * out.stride);
  if (spec.attend_user) MultiplyTransposed(u, Weights(spec, theta, ThetaName::kW1u), out, true);
}

ItemProjections::ItemProjections(const ModelView& view, unsigned threads) {
  if (!view.spec.HasAttention()) return;
  const std::size_t items = view.v.rows;
  padded_ = simd::Padded(view.spec.hidden());
  float* rows = rows_.Zeroed(items * padded_);
  const std::size_t tasks = (items + kItemsPerTask - 1) / kItemsPerTask;
  ParallelFor(threads, tasks, "project", [&](unsigned, std::size_t task) {
    const std::size_t first = task * kItemsPerTask;
    const std::size_t count = std::min(kItemsPerTask, items - first);
    ProjectItems(view.spec, *view.theta, RowsFrom(view.v, first, count), RowsFrom(view.p, first, count),
                 {rows + first * padded_, count, padded_, padded_});
  });
}

std::size_t ItemProjections::Bytes(const ModelView& view) {
  return view.spec.HasAttention() ? view.v.rows * simd::Padded(view.spec.hidden()) * sizeof(float) : 0;
}

}  // namespace attune::model
