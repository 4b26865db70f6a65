#pragma once

#include <chrono>
#include <cstdint>
#include <utility>

#include "common/step_times.h"

namespace attune::worker {

/// Where the time of a worker thread goes, batch by batch. A batch is timed when kTriplesBetween triples have
/// been trained since the last timed one began: of large batches all, of small ones few. That is six looks
/// at the clock, some 25 ns each, for 4096 triples or more, of 100 ns each or more: less than 0.1 %; the
/// others pay a branch a phase. Threads: confined.
class StepTimer {
 public:
  static constexpr std::uint64_t kTriplesBetween = 4096;

  /// A batch begins.
  void Begin() {
    timed_ = since_timed_ >= kTriplesBetween;
    if (timed_) last_ = Clock::now();
  }
  /// A batch begins whose phases mix with those of others: all such are timed.
  void BeginTimed() {
    timed_ = true;
    last_ = Clock::now();
  }
  /// What has passed since the batch began, or the last phase ended, was this phase.
  void Lap(StepPhase phase) {
    if (timed_) Add(phase);
  }
  /// The batch has ended.
  void End(std::uint64_t triples) {
    times_.triples += triples;
    since_timed_ = timed_ ? triples : since_timed_ + triples;
    if (timed_) times_.timed_triples += triples;
  }

  /// Measures a wait, of batches that are not timed, too. Waits are rare, or long.
  template <typename Wait>
  auto Waited(Wait&& wait) {
    const Clock::time_point began = Clock::now();
    auto result = wait();
    last_ = Clock::now();
    times_.AddWhole(StepPhase::kSync, last_ - began);
    return result;
  }

  /// What was measured since the last call.
  StepTimes Take() { return std::exchange(times_, {}); }

 private:
  using Clock = std::chrono::steady_clock;

  void Add(StepPhase phase) {
    const Clock::time_point now = Clock::now();
    times_.AddTimed(phase, now - last_);
    last_ = now;
  }

  StepTimes times_;
  Clock::time_point last_{};
  std::uint64_t since_timed_ = kTriplesBetween;  ///< triples; the first batch is timed
  bool timed_ = false;
};

}  // namespace attune::worker
