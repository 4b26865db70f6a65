#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "common/aligned_buffer.h"
#include "common/model/item_attention.h"
#include "common/table.h"
#include "common/theta_service.h"
#include "common/training_spec.h"
#include "worker/batch.h"
#include "worker/slot_map.h"

namespace attune::worker {

/// What the attention of a batch of visits shares: one snapshot of Θ and of the rows it reads, each distinct
/// item projected once, gradients summed per item, and one matrix product each at the end. Exact for the
/// snapshot. Threads: confined; Θ comes and goes through the ThetaService.
class AttentionBatch {
 public:
  AttentionBatch(const TrainingSpec& spec, const Tables& tables, ThetaService& service);

  /// Copies Θ and the rows that the visits attend with, and projects them.
  void Begin(const Batch& batch);

  /// The attention of visit number `visit`, and where its gradients go.
  model::AttentionInputs Inputs(std::size_t visit) const;
  model::AttentionGradients Gradients(std::size_t visit);

  /// Back-propagates through the projections and pushes Θ's gradient.
  void End(std::uint64_t triples, double lr_theta);

  /// After End(): distinct items attended to, and the gradients of their rows; nullptr where not attended.
  std::span<const Index> items() const { return slots_.rows(); }
  const float* ItemGradient(std::size_t slot) const;
  const float* HistoryGradient(std::size_t slot) const;
  /// After End(): gradient of u_i from visit number `visit`; nullptr if the attention does not see the user.
  const float* UserGradient(std::size_t visit) const;

 private:
  void AssignSlots(const Batch& batch);
  void Gather(const Batch& batch);

  const TrainingSpec spec_;
  const Tables tables_;
  ThetaService& service_;
  const std::size_t padded_;  ///< of a row of D
  const std::size_t hidden_;  ///< of a row of H1, padded

  model::Theta theta_;
  model::Theta gradient_;
  SlotMap slots_;
  std::vector<std::uint32_t> entry_slots_;  ///< slot of each history entry of the batch
  std::vector<std::size_t> visit_entries_;  ///< [visits+1] where a visit's entries begin
  AlignedBuffer v_, p_, u_;                 ///< gathered rows: [items, padded_] twice, [visits, padded_]
  AlignedBuffer item_terms_, user_terms_;   ///< A [items, hidden_], t [visits, hidden_]
  AlignedBuffer item_grads_, user_grads_;   ///< dA, dt, likewise
  AlignedBuffer w1_, w1_grad_;              ///< [hidden_]
  AlignedBuffer dv_, dp_, du_;
};

}  // namespace attune::worker
