#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "common/power_histogram.h"
#include "common/wire/sync_messages.h"

namespace attune::worker {

/// How far the workers of a host are, in memory that its processes share: each worker thread has a seat with
/// its clock, the number of batches that it has finished. Lies at the start of a page; zeros are a valid
/// beginning.
struct GateMemory {
  static constexpr std::size_t kSeats = 4096;

  struct alignas(64) Seat {
    std::atomic<std::uint64_t> clock{0};
    std::atomic<std::uint64_t> waits{0};  ///< 0, or 1 + the `moved` after which it found that it must wait
    std::atomic<std::uint32_t> works{0};  ///< whether it holds others up
  };
  alignas(64) std::atomic<std::uint64_t> visible{
      0};                                   ///< batches of all workers everywhere that are in the rows here
  std::atomic<std::int64_t> as_of{0};       ///< steady clock, ns: how old these rows are
  std::atomic<std::uint32_t> rounds{0};     ///< of the exchange with other hosts that have ended
  std::atomic<std::uint32_t> late{0};       ///< the one under way takes long: nobody waits for its end
  std::atomic<std::uint32_t> open{0};       ///< rows here are those of the job: workers may begin
  std::atomic<std::uint32_t> seats{0};      ///< that are in use: those of the first numbers
  std::atomic<std::uint64_t> told_from{0};  ///< batches that a worker has finished when it begins to tell
  alignas(64) std::atomic<std::uint32_t> moved{0};  ///< changes with what workers wait for; waited for
  Seat seat[kSeats];
};

/// Holds workers back that are too far ahead of what others have done (stale synchronous parallel; Ho et al.,
/// NIPS 2013): a worker that has finished c batches begins another only if c - visible <= bound. A worker
/// without work holds nobody up.
/// Besides, with a bound or without, a worker begins only so many batches on rows of one round of the
/// exchange with other hosts: hosts that take many steps from the same rows overshoot together. This waits
/// for no slow worker, and for no round that takes long. Threads: any, of any process of the host; each seat
/// is one thread's.
class StalenessGate {
 public:
  /// A worker's batches on rows of one round are not counted.
  static constexpr std::uint64_t kAnyNumber = ~std::uint64_t{0};

  /// @param memory  shared by the host's processes, must outlive the gate
  /// @param seats   numbers of this process's seats are below this
  /// @param bound   batches; negative: nobody waits
  /// @param batches_of_round  that a worker begins on rows of one round, at most
  /// @param advanced  called on the worker's thread when one joins, waits or leaves, and after each batch
  ///                  that is to be told (TellFrom)
  /// Throws Error(kFailed) if there are not so many seats.
  StalenessGate(GateMemory& memory, std::size_t seats, std::int64_t bound,
                std::uint64_t batches_of_round = kAnyNumber, std::function<void()> advanced = {});

  /// Whether rows of this host are those of the job: a host that joins late gets them first.
  bool open() const { return memory_.open.load(std::memory_order_acquire) != 0; }
  void Open();

  /// The worker of this seat begins to work: its clock is what the others have reached, `base` at least.
  void Join(std::size_t seat, std::uint64_t base);
  void Leave(std::size_t seat);
  /// From the clock that workers had reached at the end of an epoch, that of another in the next. Who trains
  /// fewer slices an epoch is so far behind, and not further from epoch to epoch. To put it on a par would
  /// cost where the bound holds all back: clocks that are passed over are batches that nobody trains.
  std::uint64_t ClockAfter(std::uint64_t epochs_end) const {
    const std::uint64_t behind = bound_ < 0 ? 0 : static_cast<std::uint64_t>(bound_) / kPartBehind;
    return epochs_end - std::min(epochs_end, behind);
  }
  /// Batches that its worker has finished.
  std::uint64_t ClockOf(std::size_t seat) const {
    return memory_.seat[seat].clock.load(std::memory_order_relaxed);
  }
  /// The process of these seats is gone: it holds nobody up.
  void Vacate(std::size_t first, std::size_t count);
  void SetBatchesOfRound(std::uint64_t batches) {
    batches_of_round_.store(batches, std::memory_order_relaxed);
  }
  /// Whether the worker may begin a batch while `ahead` earlier ones are not finished.
  bool MayBegin(std::size_t seat, std::uint64_t ahead) {
    return MayPass(seat, memory_.seat[seat].clock.load(std::memory_order_relaxed) + ahead);
  }
  /// Waits until the worker may begin its next batch. @returns false if `stop` became true meanwhile
  bool Enter(std::size_t seat, const std::atomic<bool>& stop);
  /// The worker has finished a batch.
  void Finish(std::size_t seat);
  /// Only workers that have finished so many batches tell of it: to wake whoever listens costs a worker its
  /// caches. At first all do.
  void TellFrom(std::uint64_t clock) { memory_.told_from.store(clock, std::memory_order_relaxed); }

  /// Batches that all workers of this host have finished; wire::kNoClock if none works.
  std::uint64_t HostClock() const;
  /// Batches that the worker has finished that has finished most.
  std::uint64_t FarthestClock() const;
  /// Adds how old the rows are that the worker's next batch but `ahead` reads.
  void Observe(std::size_t seat, std::uint64_t ahead, Staleness& staleness) const;

  /// Batches of all workers everywhere that are in the rows here.
  void SetVisible(std::uint64_t clock);
  /// A round of the exchange with other hosts has ended.
  void EndRound();
  /// Whether the round under way takes so long that nobody is to wait for its end.
  void SetLate(bool late);
  std::uint64_t batches_of_round() const { return batches_of_round_.load(std::memory_order_relaxed); }
  /// Rows here are no older than this.
  void SetAsOf(std::chrono::steady_clock::time_point time);
  std::uint64_t visible() const { return memory_.visible.load(std::memory_order_acquire); }
  /// Whether a worker waits for what has not come yet: not one that is about to see that it has.
  bool AnybodyWaits() const;

 private:
  static constexpr std::uint64_t kPartBehind = 4;

  /// Where a worker was when rounds ended.
  struct Mark {
    std::uint32_t rounds = 0;    ///< that have been noticed
    std::uint64_t last = 0;      ///< its clock when the last of them had ended
    std::uint64_t previous = 0;  ///< and the one before, when the last began
    std::uint64_t base = 0;      ///< from which its clock counts
  };

  bool MayPass(std::size_t seat, std::uint64_t clock);
  bool RowsAreNew(Mark& mark, std::uint64_t clock) const;
  std::span<GateMemory::Seat> SeatsInUse() const;
  bool InBound(std::uint64_t clock) const;
  bool WaitToEnter(std::size_t seat, std::uint64_t clock, const std::atomic<bool>& stop);
  void Wait(std::size_t seat, std::uint32_t seen);
  void Move();

  GateMemory& memory_;
  const std::int64_t bound_;
  std::atomic<std::uint64_t> batches_of_round_;
  const std::function<void()> advanced_;
  std::vector<Mark> marks_;  ///< by seat, each its thread's
};

}  // namespace attune::worker
