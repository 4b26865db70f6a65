#include "common/net/refused_peers.h"

#include "common/log.h"

namespace attune::net {

void RefusedPeers::Add(const std::string& address, const std::string& why) {
  count_.fetch_add(1, std::memory_order_relaxed);
  const std::lock_guard lock(mutex_);
  if (told_.size() > kMostAddresses || !told_.insert(address).second) return;
  if (told_.size() > kMostAddresses) {
    log::Warning("{} of more than {} addresses were refused; further addresses are only counted", what_,
                 kMostAddresses);
    return;
  }
  log::Warning("refused: {} from {}: {}; further ones from there are only counted", what_,
               address.empty() ? "an address that is not known" : address, why);
}

}  // namespace attune::net
