#include "launch/cluster/joining.h"

#include <algorithm>
#include <string>

#include "common/error.h"
#include "common/log.h"
#include "common/net/zmq_transport.h"
#include "launch/cluster/interfaces.h"
#include "launch/cluster/join_hub.h"
#include "launch/cluster/listening_socket.h"
#include "launch/cluster/secret_file.h"

namespace attune::launch {
namespace {

constexpr std::string_view kScheme = "tcp://";

/// @param host  where the scheduler listens
net::SharedSecret SecretFor(const std::string& host, const std::string& file) {
  if (!file.empty()) return net::SharedSecret::Of(ReadSecret(file));
  if (!net::IsLoopback(host)) {
    ThrowUsage("--join {}: beyond loopback it needs --secret-file: whoever can connect could join the job",
               host);
  }
  return net::SharedSecret::Of("");
}

/// The network in which this host has `address`. Empty for loopback, and where it listens on all.
std::string NetworkOf(const std::string& address) {
  if (net::IsLoopback(address)) return {};
  for (const InterfaceAddress& one : InterfaceAddresses()) {
    if (one.address == address) return one.network;
  }
  return {};
}

}  // namespace

net::SharedSecret SecretOf(const config::ClusterSettings& cluster) {
  return SecretFor(HostOf(cluster.join()), cluster.secret_file());
}

JoinDoor OpenToJoin(const config::ClusterSettings& cluster) {
  SecretOf(cluster);  // before anything is made
  const int fd = ListeningSocketAt(cluster.join());
  const std::string endpoint = EndpointOf(fd).substr(kScheme.size());
  log::Info("processes may join at {}", endpoint);
  if (cluster.secret_file().empty()) {
    log::Warning("without --secret-file every user of this host can join the job, and read the model");
  }
  return {fd, NetworkOf(HostOf(endpoint)), !net::IsLoopback(HostOf(endpoint))};
}

std::unique_ptr<Rendezvous> AwaitJoining(const config::ClusterSettings& cluster, int fd) {
  if (!cluster.has_processes()) {
    ThrowUsage("--join needs --processes: how many the job begins with, the scheduler among them");
  }
  const std::chrono::seconds within(cluster.join_within());
  log::Info("{} processes are to join within {} s", cluster.processes() - 1, within.count());
  return MakeHubRendezvous(std::make_unique<JoinHub>(fd, SecretOf(cluster), cluster.processes(), within));
}

Joined JoinScheduler(const config::RoleSettings& settings) {
  const net::SharedSecret secret = SecretFor(HostOf(settings.join()), settings.secret_file());
  return JoinJob(settings.join(), secret, std::chrono::seconds(settings.join_within()));
}

}  // namespace attune::launch
