#pragma once

#include <memory>
#include <string>
#include <vector>

#include "launch/cluster/rendezvous.h"

namespace attune::launch {

/// The side of the processes that `attune local` starts: each has a socket to the launcher.
std::unique_ptr<Rendezvous> MakeLocalRendezvous(unsigned rank, unsigned size, int socket);

/// Where a process finds its place: "RANK:SIZE:DESCRIPTOR".
inline constexpr const char* kLocalVariable = "ATTUNE_LOCAL_RANK";
/// Nothing if the variable is not set or is no place.
std::unique_ptr<Rendezvous> FindLocalRendezvous();

/// The launcher's side of one exchange that is under way. Threads: confined.
class LocalExchange {
 public:
  /// @param sockets  to the ranks, by rank
  explicit LocalExchange(std::vector<int> sockets);

  /// A rank's socket has something to read: takes it, and answers all when the last has come.
  /// @returns false if the rank has closed it, or has stopped in the middle of what it says
  bool Read(unsigned rank);

 private:
  std::vector<int> sockets_;
  std::vector<std::string> given_;
  unsigned come_ = 0;
};

}  // namespace attune::launch
