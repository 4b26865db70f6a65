#pragma once

#include <memory>

#include "launch/cluster/rendezvous.h"

namespace attune::launch {

/// The ranks of an MPI job (mpirun, or srun with PMIx), if this process is one of several. MPI is used for
/// the exchange alone, and over when the rendezvous is destroyed. Throws Error(kFailed) if there is MPI
/// around this process but not in this program.
std::unique_ptr<Rendezvous> FindMpiRendezvous();

}  // namespace attune::launch
