#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace attune {

/// What a worker thread does with a batch, in this order.
enum class StepPhase : std::uint8_t {
  kSample,   ///< draws its triples
  kGather,   ///< brings what it reads that is not in the host's memory: Θ, and rows of other hosts
  kCompute,  ///< forward and backward, with the steps of rows in place
  kUpdate,   ///< what is written at its end: Θ, and rows of other hosts
  kSync,     ///< waits until rows of other hosts are new enough (worker::StalenessGate)
};
inline constexpr std::size_t kStepPhases = 5;
inline constexpr std::array<const char*, kStepPhases> kStepPhaseNames = {"sample", "gather", "compute",
                                                                         "update", "sync"};

/// Time of worker threads by phase, of batches that were looked at (worker::StepTimer). Threads: value.
struct StepTimes {
  using Nanoseconds = std::array<std::uint64_t, kStepPhases>;

  Nanoseconds timed_ns{};           ///< of batches that were timed
  Nanoseconds whole_ns{};           ///< of what is always measured: waits, and what a lease begins with
  std::uint64_t triples = 0;        ///< of all batches
  std::uint64_t timed_triples = 0;  ///< of those that were timed

  void AddTimed(StepPhase phase, std::chrono::nanoseconds time) {
    timed_ns[static_cast<std::size_t>(phase)] += static_cast<std::uint64_t>(time.count());
  }
  void AddWhole(StepPhase phase, std::chrono::nanoseconds time) {
    whole_ns[static_cast<std::size_t>(phase)] += static_cast<std::uint64_t>(time.count());
  }
  /// Seconds of all batches: those of timed ones, by the share of triples that they have.
  double Seconds(StepPhase phase) const {
    const auto of = static_cast<std::size_t>(phase);
    const double share =
        timed_triples == 0 ? 0 : static_cast<double>(triples) / static_cast<double>(timed_triples);
    return 1e-9 * (static_cast<double>(whole_ns[of]) + share * static_cast<double>(timed_ns[of]));
  }

  StepTimes& operator+=(const StepTimes& other) {
    for (std::size_t n = 0; n < kStepPhases; ++n) {
      timed_ns[n] += other.timed_ns[n];
      whole_ns[n] += other.whole_ns[n];
    }
    triples += other.triples;
    timed_triples += other.timed_triples;
    return *this;
  }
  friend bool operator==(const StepTimes&, const StepTimes&) = default;
};

}  // namespace attune
