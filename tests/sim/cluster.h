#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "scheduler/coordinator.h"
#include "tests/sim/network.h"
#include "worker/lease_client.h"

namespace attune::sim {

struct Plan {
  std::uint64_t seed = 1;
  std::uint32_t workers = 3;
  std::uint32_t hosts = 1;
  std::uint32_t slices = 20;
  std::uint32_t epochs = 3;
  std::uint32_t epochs_a_round = 1;
  Faults faults;
  double kill = 0;         ///< chance that a process is killed while it trains a lease
  double pause = 0;        ///< chance that it stands still then, for up to 30 s
  double leave = 0;        ///< chance that it leaves then, but for the first
  double cut = 0;          ///< chance, at each tick, that a round of training is paused
  std::uint32_t late = 0;  ///< workers that join while the job runs, on hosts of their own and on others'
  Duration lease_time = std::chrono::milliseconds(200);
};

/// What came of a simulated job.
struct Outcome {
  bool completed = false;
  std::string problem;  ///< what never may be
  std::vector<scheduler::LeaseReport> epochs;
  std::uint64_t kills = 0;
  std::uint64_t repeated = 0;
  std::uint64_t joined = 0;
  std::uint64_t left = 0;
  std::uint64_t cuts = 0;      ///< rounds of training that ended before all of their epochs had
  std::uint64_t overlaps = 0;  ///< leases that began while the epoch before theirs had not ended
  Duration time{};
};

/// A scheduler and workers, the real state machines, until the job has ended or an hour of their time has
/// passed.
Outcome Simulate(const Plan& plan);

}  // namespace attune::sim
