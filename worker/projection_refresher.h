#pragma once

#include <span>
#include <vector>

#include "common/aligned_buffer.h"
#include "common/model/theta.h"
#include "worker/item_blocks.h"
#include "worker/projection_cache.h"

namespace attune::worker {

/// Keeps a ProjectionCache fresh on behalf of one worker thread. Threads: confined.
class ProjectionRefresher {
 public:
  ProjectionRefresher(const model::ModelSpec& spec, const data::ContentView& content, ProjectionCache& cache);

  /// Makes the projections of `items` valid for `period`: folds the gradients of older ones into `gradient`
  /// (W2x, W1x), then projects anew.
  void Refresh(std::span<const Index> items, const ProjectionCache::Period& period, model::Theta& gradient);

  /// Folds the gradients of items among [first, end) that were not needed in the present period.
  /// @returns whether there were any
  bool FoldOverdue(Index first, Index end, model::Theta& gradient);

 private:
  /// Releases what is claimed, also when an exception passes: others wait for it.
  class Claims;

  void Process(Claims& claims, const ProjectionCache::Period* period, model::Theta& gradient);
  void Fold(std::span<const Index> items, const ItemBlock& block, model::Theta& gradient);
  void Project(std::span<const Index> items, const ItemBlock& block, const ProjectionCache::Period& period);

  const model::ModelSpec spec_;
  const data::ContentView content_;
  ProjectionCache& cache_;
  const std::size_t padded_;  ///< of a component
  const std::size_t padded1_, padded2_;
  AlignedBuffer x_, rows_;
};

}  // namespace attune::worker
