#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace attune::launch {

/// How the processes that one command started find each other: each gives some bytes, and gets those of all.
/// Threads: confined.
class Rendezvous {
 public:
  virtual ~Rendezvous() = default;

  virtual unsigned rank() const = 0;
  virtual unsigned size() const = 0;

  /// What every rank has given, by rank; all take part in the same order.
  /// Throws Error(kFailed) when some have not come in time.
  virtual std::vector<std::string> Exchange(const std::string& mine) = 0;
};

/// How long ranks wait for each other.
inline constexpr std::chrono::seconds kRendezvousDeadline(60);

/// That of the launcher which started this process: `attune local`, or MPI. nullptr when it was started
/// alone.
std::unique_ptr<Rendezvous> FindRendezvous();

}  // namespace attune::launch
