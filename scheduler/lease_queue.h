#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <vector>

#include "common/power_histogram.h"
#include "common/step_times.h"

namespace attune::scheduler {

/// What a worker reports when it hands a lease back.
struct LeaseReport {
  std::uint64_t positives = 0;    ///< trained exactly once each
  std::uint64_t untrainable = 0;  ///< positives of users who have seen every item
  std::uint64_t triples = 0;
  double loss = 0;           ///< summed over triples, nats
  std::uint64_t digest = 0;  ///< of the triples, see worker::BatchLedger
  std::uint64_t rows = 0;    ///< of items that visits read
  Staleness staleness = {};
  StepTimes steps = {};

  LeaseReport& operator+=(const LeaseReport& other);
};

/// Slices of an epoch that were trained, with their reports.
using SlicesDone = std::map<std::uint32_t, LeaseReport>;

/// The slices of one epoch, leased out one at a time in a shuffled order that is a pure function of (seed,
/// epoch). A slow worker takes fewer; nobody waits for anybody. Threads: locked.
class LeaseQueue {
 public:
  /// @param done  what of the epoch was trained before: it is not leased out again
  LeaseQueue(std::uint32_t slices, std::uint64_t seed, std::uint32_t epoch, const SlicesDone& done = {});

  /// A slice to train, or nothing when all are handed out or the queue is closed.
  std::optional<std::uint32_t> Next();
  /// Takes a finished lease back.
  void Complete(std::uint32_t slice, const LeaseReport& report);
  /// Hands out no further lease.
  void Close();

  /// Sum of all completed leases, in order of slices, so that the same reports give the same sum.
  LeaseReport Total() const;
  bool AllComplete() const;
  SlicesDone Done() const;
  struct Counts {
    std::size_t leases = 0;
    std::size_t done = 0;
    std::size_t out = 0;  ///< handed out, and not done
  };
  Counts Count() const;

 private:
  mutable std::mutex mutex_;  // guards the rest
  std::vector<std::uint32_t> order_;
  std::size_t next_ = 0;
  std::size_t out_ = 0;
  std::vector<std::optional<LeaseReport>> reports_;  ///< by slice
};

}  // namespace attune::scheduler
