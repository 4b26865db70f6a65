#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "common/aligned_buffer.h"
#include "common/model/component_attention.h"
#include "common/model/theta.h"
#include "common/training_spec.h"
#include "worker/item_blocks.h"
#include "worker/projection_refresher.h"
#include "worker/shared_content.h"

namespace attune::worker {

/// History entries of a chunk of visits, ordered by item: entries [first_entry[s], first_entry[s + 1]) attend
/// to items[s].
struct EntriesByItem {
  std::span<const Index> items;
  std::span<const std::uint32_t> first_entry;  ///< [items + 1]
  std::span<const std::uint32_t> visits;       ///< visit of each entry
};

/// The component attention (equations 10 to 12) of a batch of visits, item by item: an item's components are
/// projected once and used by all its entries while they are in the cache; between forward and backward only
/// the weights β, one bit a hidden unit and the weighted sum are kept of an entry. Gradients of the
/// projections are summed per item and go through W2x in one product for each block of items.
///
/// The weighted sum is of features (x_l, then W1x x_l in one product for all entries) or, where a projection
/// cache keeps Z = W1x x_lm, of those. Exact for the Θ of the batch without a cache. Threads: confined.
class ComponentBatch {
 public:
  ComponentBatch(const TrainingSpec& spec, const SharedContent& content);

  /// Floats kept for each entry of a chunk, but for the weights and bits of its components.
  static std::size_t FloatsPerEntry(const model::ModelSpec& spec);

  /// Bytes of scratch memory for a chunk.
  /// @param entries     history entries of the chunk
  /// @param components  of all entries together
  static std::uint64_t ScratchBytes(const TrainingSpec& spec, const data::ContentView& content,
                                    std::uint64_t entries, double components);

  /// @param theta  must stay as it is until EndBatch
  void BeginBatch(const model::Theta& theta);

  /// Adds W1x x_l to each entry's item term.
  /// @param entries     must stay valid until Backward
  /// @param user_terms  t_i = W2u u_i + b2 [visits, padded H2], likewise
  /// @param terms       [entries, padded H1]
  void Forward(const EntriesByItem& entries, const float* user_terms, std::size_t visits, float* terms);

  /// @param term_gradients  [entries, padded H1]
  /// @returns d loss / d t_i [visits, padded H2]
  const float* Backward(const float* term_gradients);

  /// Adds the batch's gradients of W1x, W2x and w2.
  void EndBatch(model::Theta& gradient);

  /// Adds the gradients of W1x and W2x that wait in the cache for items among [first, end). @returns whether
  /// there were any
  bool FoldOverdue(Index first, Index end, model::Theta& gradient);

 private:
  bool exact() const { return content_.cache() == nullptr; }
  /// Whether sums are of features.
  bool sums_features() const { return exact() || !content_.cache()->keeps_values(); }

  void AssignComponents();
  void ReadFeatures(const ItemBlock& block);
  void LoadProjections(const ItemBlock& block);
  /// What is summed with the weights β, of a block whose features or projections are loaded.
  model::ComponentRows Summands() const;
  void ForwardBlock(const ItemBlock& block);
  void BackwardBlock(const ItemBlock& block, const float* sum_gradients);
  void AddToCache(const ItemBlock& block);
  void AddOuterProducts(std::size_t item, const float* sum_gradients, float* rows);

  const model::ModelSpec spec_;
  const SharedContent& content_;
  std::optional<ProjectionRefresher> refresher_;
  const std::size_t padded1_, padded2_;  ///< of H1, H2
  const std::size_t padded_;             ///< of Dx
  const std::size_t sum_width_;          ///< of a weighted sum: padded_ or padded1_
  const std::size_t row_width_;          ///< of a row of projections: padded2_, or that of the cache

  // Of the batch.
  const model::Theta* theta_ = nullptr;
  std::shared_ptr<const ProjectionCache::Period> period_;
  model::Theta gradient_;  ///< W1x; W2x without the factor w2 if exact; w2
  AlignedBuffer w2_;       ///< [padded2_]

  // Of the chunk.
  EntriesByItem entries_;
  const float* user_terms_ = nullptr;
  std::size_t visits_ = 0;
  std::vector<std::size_t> first_component_;  ///< [entries + 1] into betas_
  std::vector<float> betas_, logit_gradients_;
  std::vector<simd::LaneMask> active_;
  AlignedBuffer sums_, sum_gradients_;  ///< [entries, sum_width_]
  AlignedBuffer user_sums_;             ///< [visits, padded2_] d loss / d t_i without the factor w2

  // Of a block.
  AlignedBuffer x_;       ///< features [rows, padded_]
  AlignedBuffer y_;       ///< Y, or [Y | Z], [rows, row_width_]
  AlignedBuffer y_sums_;  ///< gradients of it; of Y without the factor w2
};

}  // namespace attune::worker
