#include "launch/cluster/listening.h"

#include <nlohmann/json.hpp>

#include "launch/cluster/host_identity.h"
#include "launch/cluster/listening_socket.h"
#include "launch/cluster/told_elsewhere.h"

namespace attune::launch {

using nlohmann::json;

Listening ListenForRanks(Rendezvous& rendezvous, const std::vector<std::vector<InterfaceAddress>>& of_rank,
                         const std::vector<std::string>& hosts, const std::string& interface) {
  Listening listening;
  TellOnce(rendezvous,
           [&] { listening.host = ChooseAddresses(of_rank, hosts, interface)[rendezvous.rank()]; });
  listening.fd = ListeningSocket(listening.host);
  // Nobody can listen in on pretended hosts, and ciphers would take time from what they try out.
  if (!PretendsHost()) listening.keys = net::KeyPair::Make();
  const json mine = {EndpointOf(listening.fd), listening.keys.public_key};
  for (const std::string& text : rendezvous.Exchange(mine.dump())) {
    const json address = json::parse(text);
    listening.addresses.push_back({address[0], address[1]});
  }
  return listening;
}

}  // namespace attune::launch
