#include "launch/cluster/peers.h"

#include <algorithm>
#include <set>

namespace attune::launch {

std::optional<Peers::Change> Peers::Follow(const wire::Roster& roster) {
  if (roster.generation == generation_) return std::nullopt;
  generation_ = roster.generation;
  const auto before = std::exchange(peers_, {});
  for (const wire::Peer& peer : roster.peers) {
    peers_.emplace(peer.node, peer);
    hosts_.insert_or_assign(peer.node, peer.host);
    left_.erase(peer.node);
  }
  Change change;
  for (const auto& [node, peer] : before) {
    if (!peers_.contains(node)) change.gone.push_back(peer);
  }
  for (const net::NodeId node : roster.left) {
    hosts_.erase(node);
    if (left_.insert(node).second) change.left.push_back(node);
  }
  return change;
}

std::optional<net::NodeId> Peers::InsteadOf(net::NodeId gone) const {
  const auto host = hosts_.find(gone);
  if (host == hosts_.end()) return std::nullopt;
  for (const auto& [node, peer] : peers_) {
    if (peer.host == host->second && node != self_) return node;
  }
  return std::nullopt;
}

bool Peers::AloneOnHost() const {
  return std::ranges::none_of(
      peers_, [&](const auto& one) { return one.second.host == host_ && one.first != self_; });
}

std::uint64_t Peers::Workers() const {
  std::uint64_t workers = 0;
  for (const auto& [node, peer] : peers_) workers += peer.works ? peer.seats : 0;
  return workers;
}

std::size_t Peers::WorkingHosts() const {
  std::set<std::string> hosts;
  for (const auto& [node, peer] : peers_) {
    if (peer.works) hosts.insert(peer.host);
  }
  return hosts.size();
}

}  // namespace attune::launch
