#pragma once

#include <string>
#include <vector>

#include "common/net/zmq_transport.h"
#include "launch/cluster/interfaces.h"
#include "launch/cluster/rendezvous.h"

namespace attune::launch {

/// Where a rank listens, and where all do.
struct Listening {
  std::string host;  ///< address that `fd` is bound to
  int fd = -1;       ///< a listening socket; the caller's
  net::KeyPair keys;
  std::vector<net::Address> addresses;  ///< of all ranks
  std::string unreachable;              ///< who cannot reach whom; empty if all can
};

/// Makes a socket and keys for this rank, and tells the others, by the first network over which every rank
/// reaches every host; if there is none, by the first, and says so. All ranks take part.
/// @param of_rank    addresses that each rank has
/// @param hosts      of each rank
/// @param interface    that must be used; empty: whatever network works
/// @param beyond_host  whether other hosts may join: loopback will not do
/// @param insecure     without keys
/// Throws ToldElsewhere when the hosts have no network in common, after rank 0 has said so.
Listening ListenForRanks(Rendezvous& rendezvous, const std::vector<std::vector<InterfaceAddress>>& of_rank,
                         const std::vector<std::string>& hosts, const std::string& interface,
                         bool beyond_host = false, bool insecure = false);

}  // namespace attune::launch
