#include "launch/cluster/rendezvous.h"

#include "launch/cluster/local_rendezvous.h"
#include "launch/cluster/mpi_rendezvous.h"

namespace attune::launch {

std::unique_ptr<Rendezvous> FindRendezvous() {
  if (auto local = FindLocalRendezvous()) return local;
  return FindMpiRendezvous();
}

}  // namespace attune::launch
