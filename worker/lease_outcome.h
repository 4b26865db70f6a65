#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "common/power_histogram.h"
#include "common/step_times.h"
#include "worker/batch_ledger.h"
#include "worker/batch_trainer.h"

namespace attune::worker {

/// What a worker thread has done so far, for a progress line; read by others while it runs.
struct Progress {
  std::atomic<std::uint64_t> triples{0};
};

/// Triples of a user.
struct UserTriples {
  Index user = 0;
  std::uint32_t triples = 0;
};

/// What became of a lease.
struct LeaseOutcome {
  BatchReport trained;
  std::uint64_t untrainable = 0;
  BatchLedger ledger;
  Staleness staleness;                  ///< where there is a gate
  StepTimes steps;                      ///< where the time went
  bool finished = false;                ///< false when stopped before the end
  std::uint64_t clock = 0;              ///< of the worker at the end, where there is a gate
  std::vector<UserTriples> users = {};  ///< of each visit, where they are counted
};

}  // namespace attune::worker
