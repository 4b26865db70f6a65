#include "launch/cluster/item_memory.h"

#include <algorithm>

#include "ps/model_store.h"
#include "worker/batch_extent.h"

namespace attune::launch {

Index ReplicatedItems(const config::ClusterSettings& cluster, const TrainingSpec& spec, Index items) {
  if (!cluster.has_replica_memory()) return items;
  const std::uint64_t rows = cluster.replica_memory() / ps::ModelStore::ItemBytes(spec);
  return static_cast<Index>(std::min<std::uint64_t>(items, rows));
}

Index VisitorRows(const TrainingSpec& spec, std::span<const data::Rows> slices,
                  const sync::Placement& placement) {
  // What is expected at most, twice: addresses cost nothing.
  const worker::BatchExtent extent = worker::LargestBatch(spec.model, spec.sampling, slices);
  const std::uint64_t touched = 2 * (2 * extent.triples + extent.entries);
  return static_cast<Index>(std::min<std::uint64_t>(touched, placement.items() - placement.rows()));
}

}  // namespace attune::launch
