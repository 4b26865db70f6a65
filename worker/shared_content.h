#pragma once

#include <memory>

#include "common/model/mean_content.h"
#include "common/training_spec.h"
#include "worker/projection_cache.h"

namespace attune::worker {

/// The items' content as the worker threads of a process share it.
/// Threads: const methods from any thread.
class SharedContent {
 public:
  /// Nothing for a variant without content.
  /// @param content  must outlive this object, items in the order of the item tables
  SharedContent(const TrainingSpec& spec, const data::ContentView& content, unsigned threads)
      : view_(content) {
    if (!spec.model.HasContent()) return;
    if (!spec.model.HasComponentAttention()) {
      means_ = std::make_unique<model::MeanContent>(content, threads);
    } else if (spec.projection_refresh > 0) {
      cache_ = std::make_unique<ProjectionCache>(spec.model, content, spec.projection_refresh);
    }
  }

  const data::ContentView& view() const { return view_; }
  /// x_l of the component average, [items, Dx]; empty for other variants.
  model::RowsView means() const { return means_ ? means_->rows() : model::RowsView(); }
  ProjectionCache* cache() const { return cache_.get(); }  ///< nullptr if projections are exact

  static std::uint64_t Bytes(const TrainingSpec& spec, const data::ContentView& content) {
    if (!spec.model.HasContent()) return 0;
    if (!spec.model.HasComponentAttention()) return model::MeanContent::Bytes(content);
    return spec.projection_refresh > 0 ? ProjectionCache::Bytes(spec.model, content) : 0;
  }

 private:
  data::ContentView view_;
  std::unique_ptr<model::MeanContent> means_;
  std::unique_ptr<ProjectionCache> cache_;
};

}  // namespace attune::worker
