#include "launch/similar_items.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "common/aligned_buffer.h"
#include "common/error.h"
#include "common/simd.h"

namespace attune::launch {
namespace {

/// Rows divided by their lengths; those of length 0 become not-a-number, which no list has.
std::vector<float> UnitRows(const model::RowsView& rows) {
  std::vector<float> unit(rows.rows * rows.width);
  for (std::size_t row = 0; row < rows.rows; ++row) {
    double square = 0;
    for (std::size_t c = 0; c < rows.width; ++c) square += static_cast<double>(rows[row][c]) * rows[row][c];
    const double scale = square > 0 ? 1 / std::sqrt(square) : std::numeric_limits<double>::quiet_NaN();
    for (std::size_t c = 0; c < rows.width; ++c) {
      unit[row * rows.width + c] = static_cast<float>(rows[row][c] * scale);
    }
  }
  return unit;
}

}  // namespace

const char* Name(SimilarBy by) {
  switch (by) {
    case SimilarBy::kCosine:
      return "cosine";
    case SimilarBy::kInnerProduct:
      return "inner_product";
    case SimilarBy::kHistoryCosine:
      return "history_cosine";
    case SimilarBy::kInfluence:
      return "influence";
  }
  return "";
}

SimilarItems::SimilarItems(const model::LoadedModel& model, const model::RowsView& items, SimilarBy by,
                           const std::optional<std::vector<Index>>& listed) {
  const model::ModelView view = model.view();
  const bool of_history = by == SimilarBy::kHistoryCosine || by == SimilarBy::kInfluence;
  if (of_history && view.p.empty()) {
    ThrowUsage("--by {}: {} has no vectors p of history items (item_attention none)", Name(by),
               model.path().string());
  }
  asked_ = of_history ? view.p : items;
  listed_ = by == SimilarBy::kHistoryCosine ? view.p : items;
  if (by == SimilarBy::kCosine || by == SimilarBy::kHistoryCosine) {
    unit_ = UnitRows(asked_);
    asked_ = listed_ = {unit_.data(), asked_.rows, asked_.width, asked_.width};
  }
  subset_ = ItemSubset(listed_, listed);
}

std::vector<std::vector<worker::ScoredItem>> SimilarItems::Find(std::span<const Index> items,
                                                                std::size_t k) const {
  const std::size_t stride = simd::Padded(asked_.width);
  AlignedBuffer buffer;
  float* rows = buffer.Zeroed(std::max<std::size_t>(1, items.size()) * stride);
  std::vector<worker::RankingQuery> queries(items.size());
  for (std::size_t n = 0; n < items.size(); ++n) {
    std::copy_n(asked_[items[n]], asked_.width, rows + n * stride);
    queries[n].excluded = {&items[n], 1};
  }
  return subset_.Top(rows, stride, queries, listed_, k);
}

}  // namespace attune::launch
