#pragma once

#include <sys/types.h>

#include "launch/cluster/node_description.h"

namespace attune::launch {

/// Starts this program again as the node that is described, with the descriptors that the description names.
/// @returns its process. Throws Error(kFailed) if there can be no further process
pid_t StartNode(const NodeDescription& description);

}  // namespace attune::launch
