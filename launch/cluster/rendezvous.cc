#include "launch/cluster/rendezvous.h"

#include "launch/cluster/local_rendezvous.h"

namespace attune::launch {

std::unique_ptr<Rendezvous> FindRendezvous() {
  return FindLocalRendezvous();
}

}  // namespace attune::launch
