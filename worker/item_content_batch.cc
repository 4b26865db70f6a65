#include "worker/item_content_batch.h"

#include <algorithm>

#include "common/model/gemm.h"
#include "common/model/item_vectors.h"

namespace attune::worker {

using model::ThetaName;

ItemContentBatch::ItemContentBatch(const TrainingSpec& spec, ThetaService& service,
                                   const model::RowsView& means)
    : spec_(spec.model),
      service_(service),
      means_(means),
      padded_(simd::Padded(spec.model.dim)),
      padded_x_(simd::Padded(spec.model.feature_dim)),
      theta_(spec.model),
      gradient_(spec.model) {}

std::uint64_t ItemContentBatch::ScratchBytes(const TrainingSpec& spec, const BatchExtent& extent,
                                             std::uint64_t items) {
  const std::uint64_t row = 2 * simd::Padded(spec.model.dim) + simd::Padded(spec.model.feature_dim);
  return std::max(model::ProductScratchBytes(items, spec.model.dim, spec.model.feature_dim),
                  model::ProductScratchBytes(spec.model.dim, spec.model.feature_dim, items)) +
         (items * row + 2 * model::Theta(spec.model).values().size()) * sizeof(float) +
         SlotMap::Bytes(2 * extent.triples);
}

void ItemContentBatch::BeginBatch(const Batch& batch) {
  service_.Fetch(theta_);
  slots_.Reset(batch.positives.size() + batch.negatives.size());
  for (const Index row : batch.positives) slots_.Add(row);
  for (const Index row : batch.negatives) slots_.Add(row);
  const std::size_t items = slots_.rows().size();
  float* const x = x_.Reserve(items * padded_x_);
  for (std::size_t slot = 0; slot < items; ++slot) {
    std::copy_n(means_[batch.names.ItemOf(slots_.rows()[slot])], padded_x_, x + slot * padded_x_);
  }
  gradients_.Zeroed(items * padded_);
  model::ProjectContent(spec_, theta_, {x, items, spec_.feature_dim, padded_x_},
                        {terms_.Zeroed(items * padded_), items, spec_.dim, padded_}, false);
}

void ItemContentBatch::EndBatch(std::uint64_t triples, double lr_theta) {
  const std::size_t items = slots_.rows().size();
  std::ranges::fill(gradient_.values(), 0.0f);
  model::AddTransposedProduct(
      {gradients_.data(), items, spec_.dim, padded_}, {x_.data(), items, spec_.feature_dim, padded_x_},
      {gradient_[ThetaName::kF].data(), spec_.dim, spec_.feature_dim, spec_.feature_dim});
  service_.Push(gradient_, triples, lr_theta);
}

}  // namespace attune::worker
