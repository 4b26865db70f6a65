#pragma once

#include <memory>

#include "common/config/train.pb.h"
#include "common/net/transport.h"
#include "launch/cluster/node_description.h"

namespace attune::launch {

/// A node's way to the others that it was told of, on the socket that its agent has made.
std::unique_ptr<net::Transport> MakeNodeTransport(const NodeDescription& description,
                                                  const config::ClusterSettings& settings);

}  // namespace attune::launch
