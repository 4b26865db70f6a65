#include "launch/cluster/item_memory.h"

#include <algorithm>

#include "ps/model_store.h"
#include "worker/batch_extent.h"

namespace attune::launch {
namespace {

/// Of which batches are looked at.
constexpr std::uint32_t kEpochs = 8;

}  // namespace

Index ReplicatedItems(const config::ClusterSettings& cluster, const TrainingSpec& spec, Index items) {
  if (!cluster.has_replica_memory()) return items;
  const std::uint64_t rows = cluster.replica_memory() / ps::ModelStore::ItemBytes(spec);
  return static_cast<Index>(std::min<std::uint64_t>(items, rows));
}

Index VisitorRows(const TrainingSpec& spec, std::span<const data::Rows> slices,
                  const sync::Placement& placement) {
  if (placement.complete()) return 0;
  // Twice what is expected at most: addresses cost nothing.
  const worker::BatchExtent extent =
      worker::LargestOf(worker::LargestBatches(spec.model, spec.sampling, slices, kEpochs));
  const std::uint64_t triples =
      std::uint64_t{spec.sampling.batch_triples} + spec.sampling.max_visit_triples();
  const std::uint64_t touched = 2 * (2 * triples + extent.entries + extent.longest);
  return static_cast<Index>(std::min<std::uint64_t>(touched, placement.items() - placement.rows()));
}

}  // namespace attune::launch
