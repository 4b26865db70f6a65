#include "common/error.h"
#include "launch/export/item_index.h"

// Of builds without hnswlib.

namespace attune::launch {

void RequireIndex() {
  ThrowUsage(
      "--index hnsw: this program was built without hnswlib; install libhnswlib-dev (launch/install-deps.sh) "
      "and build again");
}

std::unique_ptr<ItemIndex> BuildIndex(const model::RowsView&, const IndexOptions&) {
  RequireIndex();
  return nullptr;
}

}  // namespace attune::launch
