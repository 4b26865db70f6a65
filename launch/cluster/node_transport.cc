#include "launch/cluster/node_transport.h"

#include <sys/resource.h>

#include "common/net/zmq_transport.h"

namespace attune::launch {
namespace {

/// A node has several connections to each of the others: it may open as many files as the system lets it.
void RaiseOpenFiles() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);  // else it goes on with what it has
}

}  // namespace

std::unique_ptr<net::Transport> MakeNodeTransport(const NodeDescription& description, bool insecure) {
  RaiseOpenFiles();
  net::ZmqOptions options;
  options.job = description.job_number();
  options.node = description.node;
  options.incarnation = description.incarnation;
  options.life = description.life;
  options.host = description.bind_host;
  options.listen_fd = description.listen_fd;
  options.keys = description.keys;
  options.insecure = insecure;
  for (net::NodeId node = 0; node < description.addresses.size(); ++node) {
    if (node == description.node || description.addresses[node].endpoint.empty()) continue;
    options.peers.emplace(node, description.addresses[node]);
  }
  return net::MakeZmqTransport(options);
}

}  // namespace attune::launch
