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

  /// Forgets what was folded.
  void BeginBatch();

  /// Makes the projections of `items` valid for `period`: folds the gradients of older ones, that is takes
  /// them through the features, and projects anew.
  void Refresh(std::span<const Index> items, const ProjectionCache::Period& period);

  /// Folds the gradients of items among [first, end) that were not needed in the present period.
  void FoldOverdue(Index first, Index end);

  /// Adds what was folded since BeginBatch to the gradients of W2x and W1x. @returns whether there was any
  bool AddFolded(model::Theta& gradient) const;

 private:
  /// Releases what is claimed, also when an exception passes: others wait for it.
  class Claims;

  void Process(Claims& claims, const ProjectionCache::Period* period);
  void Fold(std::span<const Index> items, const ItemBlock& block);
  void Project(std::span<const Index> items, const ItemBlock& block, const ProjectionCache::Period& period);

  const model::ModelSpec spec_;
  const data::ContentView content_;
  ProjectionCache& cache_;
  const std::size_t padded_;  ///< of a component
  const std::size_t width_;   ///< of a row of the cache
  AlignedBuffer x_, rows_;
  AlignedBuffer folded_;  ///< [width_, Dx] gradients of W2x and W1x
  bool any_folded_ = false;
};

}  // namespace attune::worker
