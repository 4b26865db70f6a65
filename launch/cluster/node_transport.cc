#include "launch/cluster/node_transport.h"

#include "common/net/zmq_transport.h"

namespace attune::launch {
namespace {

constexpr const char* kOfSystem = "system";

}  // namespace

std::unique_ptr<net::Transport> MakeNodeTransport(const NodeDescription& description,
                                                  const config::ClusterSettings& settings) {
  net::ZmqOptions options;
  options.job = description.job_number();
  options.node = description.node;
  options.incarnation = description.incarnation;
  options.life = description.life;
  options.host = description.bind_host;
  options.listen_fd = description.listen_fd;
  options.keys = description.keys;
  options.insecure = settings.insecure();
  const std::string& chosen = settings.congestion_control();
  // On one host there is no link to share.
  const bool wanted = settings.has_congestion_control() || !net::IsLoopback(description.bind_host);
  if (wanted && chosen != kOfSystem) options.congestion_control = chosen;
  for (net::NodeId node = 0; node < description.addresses.size(); ++node) {
    if (node == description.node || description.addresses[node].endpoint.empty()) continue;
    options.peers.emplace(node, description.addresses[node]);
  }
  return net::MakeZmqTransport(options);
}

}  // namespace attune::launch
