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
  Faults faults;
  double kill = 0;         ///< chance that a process is killed while it trains a lease
  double pause = 0;        ///< chance that it stands still then, for up to 30 s
  double leave = 0;        ///< chance that it leaves then, but for the first
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
  Duration time{};
};

/// A scheduler and workers, the real state machines, until the job has ended or an hour of their time has
/// passed.
Outcome Simulate(const Plan& plan);

}  // namespace attune::sim
