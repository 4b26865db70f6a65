#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "common/model/model_view.h"
#include "common/types.h"

namespace attune::launch {

struct IndexOptions {
  std::size_t neighbours = 16;             ///< M
  std::size_t candidates_building = 400;   ///< ef of the construction
  std::size_t candidates_searching = 120;  ///< ef of a search; at least k is used
  unsigned threads = 1;                    ///< that build
};

/// An approximate index of vectors by inner product; labels are rows.
/// Threads: Search from any thread.
class ItemIndex {
 public:
  virtual ~ItemIndex() = default;
  /// About the k rows with the greatest inner products with `query`, in no order. @param query  [D]
  virtual void Search(const float* query, std::size_t k, std::vector<Index>& rows) const = 0;
  /// Throws Error(kFailed) when the disk refuses.
  virtual void Write(const std::filesystem::path& path) = 0;
};

/// Throws Error(kUsage) if this program was built without one.
void RequireIndex();

/// @param vectors  copied into the index; finite
std::unique_ptr<ItemIndex> BuildIndex(const model::RowsView& vectors, const IndexOptions& options);

}  // namespace attune::launch
