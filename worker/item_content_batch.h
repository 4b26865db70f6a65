#pragma once

#include <cstdint>
#include <span>

#include "common/aligned_buffer.h"
#include "common/model/model_view.h"
#include "common/model/theta.h"
#include "common/theta_service.h"
#include "common/training_spec.h"
#include "worker/batch.h"
#include "worker/batch_extent.h"
#include "worker/slot_map.h"

namespace attune::worker {

/// What item content adds to the items of a batch's triples: f_l = F x_l, made once for each distinct item
/// with the F of the batch's beginning, as one matrix product. Gradients of f_l are summed by item, and one
/// more product takes them to F: dF = Σ_l df_l x_lᵀ. Exact for that F. Threads: confined; Θ comes and goes
/// through the ThetaService.
class ItemContentBatch {
 public:
  /// @param means  x_l, [items, Dx]; must outlive this object
  ItemContentBatch(const TrainingSpec& spec, ThetaService& service, const model::RowsView& means);

  /// Bytes of scratch memory. @param items  distinct items of a batch
  static std::uint64_t ScratchBytes(const TrainingSpec& spec, const BatchExtent& extent, std::uint64_t items);

  void BeginBatch(const Batch& batch);
  /// The place of an item row of the batch among its distinct ones.
  std::uint32_t Slot(Index row) { return slots_.Add(row); }
  /// f_l, [padded D]
  const float* Term(std::uint32_t slot) const { return terms_.data() + slot * padded_; }
  /// df_l, added to. [padded D]
  float* Gradient(std::uint32_t slot) { return gradients_.data() + slot * padded_; }
  /// Pushes F's gradient.
  void EndBatch(std::uint64_t triples, double lr_theta);

 private:
  const model::ModelSpec spec_;
  ThetaService& service_;
  const model::RowsView means_;
  const std::size_t padded_;    ///< of a row of D
  const std::size_t padded_x_;  ///< of a row of Dx
  model::Theta theta_, gradient_;
  SlotMap slots_;
  AlignedBuffer x_;                  ///< gathered means [items, padded_x_]
  AlignedBuffer terms_, gradients_;  ///< [items, padded_]
};

}  // namespace attune::worker
