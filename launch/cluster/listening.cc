#include "launch/cluster/listening.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "common/error.h"
#include "common/io/json_text.h"
#include "launch/cluster/host_identity.h"
#include "launch/cluster/listening_socket.h"
#include "launch/cluster/told_elsewhere.h"

namespace attune::launch {

using nlohmann::json;

namespace {

/// How long a connection to another host may take.
constexpr std::chrono::seconds kReachWithin(3);

/// The first rank of each host but this rank's own.
std::vector<std::size_t> OthersToReach(const std::vector<std::string>& hosts, unsigned rank) {
  std::vector<std::size_t> first;
  for (std::size_t other = 0; other < hosts.size(); ++other) {
    const bool seen = std::find(hosts.begin(), hosts.begin() + other, hosts[other]) != hosts.begin() + other;
    if (!seen && hosts[other] != hosts[rank]) first.push_back(other);
  }
  return first;
}

/// Listens at one address of each rank, and looks who can be reached. All ranks take part.
Listening ListenAt(Rendezvous& rendezvous, const std::vector<std::string>& addresses,
                   const std::vector<std::string>& hosts, const net::KeyPair& keys) {
  Listening listening;
  listening.keys = keys;
  listening.host = addresses[rendezvous.rank()];
  listening.fd = ListeningSocket(listening.host);
  const json mine = {EndpointOf(listening.fd), keys.public_key};
  for (const std::string& text : rendezvous.Exchange(io::JsonText(mine))) {
    const json address = json::parse(text);
    listening.addresses.push_back({address[0], address[1]});
  }
  std::string problems;
  for (const std::size_t other : OthersToReach(hosts, rendezvous.rank())) {
    const std::string problem = ProblemOfReaching(listening.addresses[other].endpoint, kReachWithin);
    if (problem.empty()) continue;
    problems += fmt::format("\n  rank {} does not reach rank {} at {}: {}", rendezvous.rank(), other,
                            listening.addresses[other].endpoint, problem);
    break;  // others may take as long, and one is enough
  }
  for (const std::string& text : rendezvous.Exchange(problems)) listening.unreachable += text;
  return listening;
}

}  // namespace

Listening ListenForRanks(Rendezvous& rendezvous, const std::vector<std::vector<InterfaceAddress>>& of_rank,
                         const std::vector<std::string>& hosts, const std::string& interface,
                         bool beyond_host, bool insecure) {
  std::vector<std::vector<std::string>> choices;
  TellOnce(rendezvous, [&] { choices = ChoicesOfAddresses(of_rank, hosts, interface, beyond_host); });
  net::KeyPair keys;
  // Nobody can listen in on pretended hosts, and ciphers would take time from what they try out.
  if (!insecure && !PretendsHost()) keys = net::KeyPair::Make();
  std::optional<Listening> first;
  for (const auto& addresses : choices) {
    Listening listening = ListenAt(rendezvous, addresses, hosts, keys);
    if (listening.unreachable.empty()) {
      if (first) close(first->fd);
      return listening;
    }
    if (first) {
      close(listening.fd);
    } else {
      first = std::move(listening);
    }
  }
  return *std::move(first);
}

}  // namespace attune::launch
