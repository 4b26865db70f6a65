#pragma once

#include <string>
#include <vector>

namespace attune::launch {

/// `attune local -n N COMMAND …`: runs a command as N ranks on this host, as mpirun would, without MPI.
/// @param arguments  behind "local"
/// @returns 0, or the exit code of the first rank that ended with another; the other ranks are ended then
int RunLocal(const std::vector<std::string>& arguments);

}  // namespace attune::launch
