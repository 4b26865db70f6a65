#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "common/aligned_buffer.h"
#include "common/model/item_attention.h"
#include "common/table.h"
#include "common/theta_service.h"
#include "common/training_spec.h"
#include "worker/batch.h"
#include "worker/batch_extent.h"
#include "worker/component_batch.h"
#include "worker/shared_content.h"
#include "worker/slot_map.h"

namespace attune::worker {

/// What the attention of a batch of visits shares: one snapshot of Θ, and chunk by chunk of the rows it
/// reads: each distinct item projected once, gradients summed per item, and one matrix product each at the
/// end. Exact for the snapshots. A chunk is usually the whole batch; several bound the memory when histories
/// are long. Threads: confined; Θ comes and goes through the ThetaService.
class AttentionBatch {
 public:
  /// @param content  of variants that attend to it; must outlive this object
  AttentionBatch(const TrainingSpec& spec, const Tables& tables, ThetaService& service,
                 const SharedContent& content);

  /// History entries that a chunk should hold at most; a chunk has at least one visit.
  static std::size_t MaxEntries(const model::ModelSpec& spec);
  /// Bytes of scratch memory for batches of at most this extent.
  /// @param items       rows of the item tables
  /// @param components  mean of the components of a history entry
  static std::uint64_t ScratchBytes(const TrainingSpec& spec, const data::ContentView& content,
                                    const BatchExtent& extent, std::uint64_t items, double components);

  /// Copies Θ. @param names  which items the rows of the batch's visits are of; valid until the batch ends
  void BeginBatch(const RowNames& names = {});

  /// Copies the rows that these visits attend with, and projects them.
  void Begin(std::span<const Visit> visits);
  /// The attention of visit number `visit` of the chunk, and where its gradients go.
  model::AttentionInputs Inputs(std::size_t visit) const;
  model::AttentionGradients Gradients(std::size_t visit);
  /// Back-propagates the chunk's gradients through the projections.
  void Backward();

  /// After Backward(): distinct items attended to, and the gradients of their rows; nullptr where not
  /// attended.
  std::span<const Index> items() const { return slots_.rows(); }
  const float* ItemGradient(std::size_t slot) const;
  const float* HistoryGradient(std::size_t slot) const;
  /// After Backward(): gradient of u_i from visit number `visit`; nullptr if the attention does not see the
  /// user.
  const float* UserGradient(std::size_t visit) const;

  /// Pushes Θ's gradient.
  void EndBatch(std::uint64_t triples, double lr_theta);

  /// Pushes what waits in the projection cache for items among [first, end).
  void FoldOverdue(Index first, Index end, double lr_theta);

 private:
  /// Items by slot.
  std::span<const Index> SlotItems() const { return names_.plain() ? slots_.rows() : slot_items_; }
  void AssignSlots(std::span<const Visit> visits);
  void SortEntriesByItem(std::span<const Visit> visits);
  void Gather(std::span<const Visit> visits);
  void ProjectItems();
  void ProjectUsers();
  void AttendToComponents();
  void SumEntriesByItem();

  const TrainingSpec spec_;
  const Tables tables_;
  ThetaService& service_;
  const SharedContent& content_;
  const std::size_t padded_;    ///< of a row of D
  const std::size_t padded_x_;  ///< of a row of Dx
  const std::size_t hidden_;    ///< of a row of H1, padded
  const std::size_t hidden2_;   ///< of a row of H2, padded
  std::optional<ComponentBatch> components_;

  model::Theta theta_;
  model::Theta gradient_;  ///< of the batch so far
  RowNames names_;
  SlotMap slots_;
  std::vector<Index> slot_items_;           ///< by slot, where rows are not numbered like items
  std::vector<std::size_t> visit_entries_;  ///< [visits+1] where a visit's entries begin
  std::vector<std::uint32_t> entry_rows_;   ///< row of the item terms that each history entry uses
  std::vector<std::uint32_t> first_entry_, entry_visits_;  ///< entries by item, for the component attention
  AlignedBuffer v_, p_, x_, u_;              ///< gathered rows: [items, padded_], …, [visits, padded_]
  AlignedBuffer item_terms_, user_terms_;    ///< A [items, hidden_], t1 [visits, hidden_]
  AlignedBuffer item_grads_, user_grads_;    ///< dA, dt1, likewise
  AlignedBuffer entry_terms_, entry_grads_;  ///< A_l + W1x x_l of every entry [entries, hidden_]
  AlignedBuffer user_terms2_;                ///< t2 [visits, hidden2_]
  AlignedBuffer w1_, w1_grad_;               ///< [hidden_]
  AlignedBuffer dv_, dp_, du_;
};

}  // namespace attune::worker
