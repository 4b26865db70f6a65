#pragma once

#include <span>
#include "common/config/train.pb.h"

#include "common/data/dataset.h"
#include "common/sync/placement.h"
#include "common/training_spec.h"

namespace attune::launch {

/// How many items every host has rows of, as --replica-memory says.
Index ReplicatedItems(const config::ClusterSettings& cluster, const TrainingSpec& spec, Index items);

/// Rows that a batch may need for items of other hosts, at most: 0 if the host has all items.
Index VisitorRows(const TrainingSpec& spec, std::span<const data::Rows> slices,
                  const sync::Placement& placement);

}  // namespace attune::launch
