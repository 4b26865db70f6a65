#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/net/transport.h"
#include "common/wire/control.h"

namespace attune::launch {

/// The processes of a job, as the newest roster lists them. Threads: confined.
class Peers {
 public:
  /// What a roster has changed.
  struct Change {
    std::vector<wire::Peer> gone;   ///< in the last roster, and not in this one
    std::vector<net::NodeId> left;  ///< that will not come back, told once
  };

  Peers(net::NodeId self, std::string host) : self_(self), host_(std::move(host)) {}

  /// Nothing if it is not a new one.
  std::optional<Change> Follow(const wire::Roster& roster);

  /// Those of the newest roster, this process among them.
  const std::map<net::NodeId, wire::Peer>& all() const { return peers_; }
  /// Whether a node is not there any more; never before the first roster.
  bool IsGone(net::NodeId node) const { return generation_ > 0 && !peers_.contains(node); }
  /// Another process with the memory of one that is gone.
  std::optional<net::NodeId> InsteadOf(net::NodeId gone) const;
  /// Whether this process is the last of its host.
  bool AloneOnHost() const;
  /// Threads that train, and hosts that have some.
  std::uint64_t Workers() const;
  std::size_t WorkingHosts() const;

 private:
  const net::NodeId self_;
  const std::string host_;
  std::uint64_t generation_ = 0;
  std::map<net::NodeId, wire::Peer> peers_;
  std::map<net::NodeId, std::string> hosts_;  ///< of all that were in a roster and have not left
  std::set<net::NodeId> left_;                ///< that were told to have left
};

}  // namespace attune::launch
