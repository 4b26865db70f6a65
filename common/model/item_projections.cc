#include "common/model/item_projections.h"

#include <algorithm>

#include "common/model/mean_content.h"
#include "common/thread.h"

namespace attune::model {
namespace {

constexpr std::size_t kItemsPerTask = 1024;

Matrix<const float> Weights(const Theta& theta, ThetaName name, std::size_t hidden) {
  const std::size_t width = theta[name].size() / hidden;
  return {theta[name].data(), hidden, width, width};
}

void FillRows(std::span<const float> row, Matrix<float> out) {
  for (std::size_t n = 0; n < out.rows; ++n) std::copy(row.begin(), row.end(), out.data + n * out.stride);
}

Matrix<const float> RowsFrom(const RowsView& view, std::size_t first, std::size_t count) {
  if (view.empty()) return {};
  return {view[first], count, view.width, view.stride};
}

}  // namespace

void ProjectItems(const ModelSpec& spec, const Theta& theta, Matrix<const float> v, Matrix<const float> p,
                  Matrix<const float> x, Matrix<float> out) {
  out.cols = spec.hidden();
  bool any = false;
  const auto add = [&](bool wanted, Matrix<const float> rows, ThetaName name) {
    if (!wanted) return;
    MultiplyTransposed(rows, Weights(theta, name, out.cols), out, any);
    any = true;
  };
  add(spec.attend_item, v, ThetaName::kW1v);
  add(spec.attend_history, p, ThetaName::kW1p);
  add(spec.AttendsContent() && !spec.HasComponentAttention(), x, ThetaName::kW1x);
  if (any) return;
  for (std::size_t n = 0; n < out.rows; ++n) std::fill_n(out.data + n * out.stride, out.cols, 0.0f);
}

void ProjectUsers(const ModelSpec& spec, const Theta& theta, Matrix<const float> u, Matrix<float> out) {
  out.cols = spec.hidden();
  FillRows(theta[ThetaName::kB1], out);
  if (spec.attend_user) MultiplyTransposed(u, Weights(theta, ThetaName::kW1u, out.cols), out, true);
}

void ProjectUsersToComponents(const ModelSpec& spec, const Theta& theta, Matrix<const float> u,
                              Matrix<float> out) {
  out.cols = spec.hidden2();
  FillRows(theta[ThetaName::kB2], out);
  MultiplyTransposed(u, Weights(theta, ThetaName::kW2u, out.cols), out, true);
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
    AlignedBuffer means;
    Matrix<const float> x;
    if (view.spec.AttendsContent() && !view.spec.HasComponentAttention()) {
      const std::size_t padded = simd::Padded(view.spec.feature_dim);
      AverageComponents(view.content, static_cast<Index>(first), count, means.Reserve(count * padded),
                        padded);
      x = {means.data(), count, view.spec.feature_dim, padded};
    }
    ProjectItems(view.spec, *view.theta, RowsFrom(view.v, first, count), RowsFrom(view.p, first, count), x,
                 {rows + first * padded_, count, padded_, padded_});
  });
}

std::size_t ItemProjections::Bytes(const ModelView& view) {
  return view.spec.HasAttention() ? view.v.rows * simd::Padded(view.spec.hidden()) * sizeof(float) : 0;
}

}  // namespace attune::model
