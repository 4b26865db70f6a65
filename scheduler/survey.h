#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "common/power_histogram.h"
#include "common/wire/control.h"

namespace attune::scheduler {

/// What has changed among the processes of a job since it began.
struct Changes {
  std::uint64_t joined = 0;
  std::uint64_t left = 0;
  std::uint64_t died = 0;             ///< were silent for too long, or were started again
  std::uint64_t repeated_leases = 0;  ///< of those that died: some of their triples may be trained twice
  std::uint64_t lost_slices = 0;      ///< whose rows of U went with their host
  std::uint64_t ignored =
      0;  ///< messages of processes that had ended or were replaced, or that made no sense

  bool any() const { return joined + left + died + repeated_leases + lost_slices > 0; }
  bool operator==(const Changes&) const = default;
};

/// All processes of a job and what they do, as far as the scheduler knows: for whoever looks at a run.
struct Survey {
  enum class State { kComing, kThere, kLeaving, kLeft, kDead };

  struct Process {
    std::uint32_t node = 0;
    std::uint32_t incarnation = 0;
    std::string where;  ///< for people: "rank 5 (node07), pid 4711"
    std::string host;   ///< the same for those that share memory
    bool works = false;
    bool owns = false;
    State state = State::kThere;
    double silent_seconds = 0;  ///< how long it was not heard; 0 of one that is gone
    std::size_t leases = 0;     ///< that it has
    std::uint64_t triples = 0;  ///< trained since it began
    std::uint64_t memory = 0;   ///< its own, bytes at most
  };

  std::vector<Process> processes;  ///< by node
  std::uint32_t epoch = 0;         ///< that leases are of; 0 before the first
  std::size_t leases = 0;          ///< of the round under way; 0 where there are none
  std::size_t leases_done = 0;
  std::size_t leases_out = 0;
  Staleness staleness;          ///< of what was trained of the epoch
  wire::NodeCounters counters;  ///< of all processes, those that are gone among them, as they told last
  Changes changes;
};

}  // namespace attune::scheduler
