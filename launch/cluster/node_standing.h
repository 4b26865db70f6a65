#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "common/wire/control.h"

namespace attune::launch {

/// Where a node is, as its network thread says it now and then: plain values, for its watchdog.
struct NodeStanding {
  using Time = std::chrono::steady_clock::time_point;

  std::uint32_t node = 0;
  const char* state = "";  ///< "registering", "working", "leaving", "over"
  std::uint32_t round = 0;
  wire::Work work = wire::Work::kTrain;
  std::uint32_t epoch = 0;
  std::uint64_t generation = 0;
  std::size_t held = 0;        ///< leases of this round that are not finished
  unsigned busy = 0;           ///< worker threads that do something
  std::size_t waiting = 0;     ///< leases whose rows are here, and that no thread has begun
  unsigned fetching = 0;       ///< leases whose rows are on their way
  bool unreported = false;     ///< the scheduler has not taken all reports
  bool owes_round = false;     ///< what is done of a round without leases was not reported
  bool lacks_rows = false;     ///< of the job: a host that has joined late
  bool schedules = false;      ///< it is the scheduler's node
  Time heard{};                ///< when the scheduler was heard last
  std::uint64_t progress = 0;  ///< differs when something was done

  /// Whether it has something to get on with; one that waits for the scheduler's next round has not.
  bool HasWork() const {
    return busy > 0 || waiting > 0 || fetching > 0 || unreported || owes_round || lacks_rows;
  }
};

/// On one line. @param where  "rank 5 (node07)"
std::string InWords(const NodeStanding& standing, const std::string& where, NodeStanding::Time now);

}  // namespace attune::launch
