#include "worker/staleness_gate.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <utility>

#include "common/error.h"
#include "common/thread_board.h"

namespace attune::worker {
namespace {

/// Longest sleep before a waiting worker looks whether it is to stop.
constexpr timespec kNap{0, 50'000'000};

std::uint32_t* Word(std::atomic<std::uint32_t>& word) {
  static_assert(sizeof word == sizeof(std::uint32_t));
  return reinterpret_cast<std::uint32_t*>(&word);
}

}  // namespace

StalenessGate::StalenessGate(GateMemory& memory, std::size_t seats, std::int64_t bound,
                             std::uint64_t batches_of_round, std::function<void()> advanced)
    : memory_(memory),
      bound_(bound),
      batches_of_round_(batches_of_round),
      advanced_(std::move(advanced)),
      marks_(seats) {
  if (seats > GateMemory::kSeats) {
    ThrowFailed("a host has seats for {} worker threads, this process needs seat {}; pass fewer --threads",
                GateMemory::kSeats, seats);
  }
  std::uint32_t in_use = memory_.seats.load(std::memory_order_relaxed);
  while (in_use < seats && !memory_.seats.compare_exchange_weak(in_use, static_cast<std::uint32_t>(seats))) {
  }
}

std::span<GateMemory::Seat> StalenessGate::SeatsInUse() const {
  return {memory_.seat, memory_.seats.load(std::memory_order_acquire)};
}

void StalenessGate::Open() {
  if (open()) return;
  memory_.open.store(1, std::memory_order_release);
  Move();
}

void StalenessGate::Vacate(std::size_t first, std::size_t count) {
  for (std::size_t seat = first; seat < std::min(first + count, GateMemory::kSeats); ++seat) {
    memory_.seat[seat].works.store(0, std::memory_order_release);
  }
  if (advanced_) advanced_();
}

void StalenessGate::Join(std::size_t seat, std::uint64_t base) {
  auto& own = memory_.seat[seat];
  const std::uint64_t reached = visible() == wire::kNoClock ? base : std::max(base, visible());
  const std::uint64_t before = own.clock.load(std::memory_order_relaxed);
  const std::uint64_t now = std::max(before, reached);
  marks_[seat].last += now - before;
  marks_[seat].previous += now - before;
  marks_[seat].base = base;
  own.clock.store(now, std::memory_order_relaxed);
  own.works.store(1, std::memory_order_release);
  if (advanced_) advanced_();
}

void StalenessGate::Leave(std::size_t seat) {
  memory_.seat[seat].works.store(0, std::memory_order_release);
  if (advanced_) advanced_();
}

bool StalenessGate::InBound(std::uint64_t clock) const {
  const std::uint64_t reached = visible();
  return bound_ < 0 || clock <= reached || clock - reached <= static_cast<std::uint64_t>(bound_);
}

bool StalenessGate::MayPass(std::size_t seat, std::uint64_t clock) {
  const bool in_bound = InBound(clock);
  return RowsAreNew(marks_[seat], clock) && in_bound;
}

bool StalenessGate::RowsAreNew(Mark& mark, std::uint64_t clock) const {
  const std::uint32_t rounds = memory_.rounds.load(std::memory_order_acquire);
  if (rounds != mark.rounds) {
    mark.previous = rounds - mark.rounds == 1 ? mark.last : clock;
    mark.last = clock;
    mark.rounds = rounds;
  }
  return clock - mark.previous < batches_of_round() || memory_.late.load(std::memory_order_relaxed) != 0;
}

void StalenessGate::Wait(std::size_t seat, std::uint32_t seen) {
  memory_.seat[seat].waits.store(std::uint64_t{seen} + 1, std::memory_order_relaxed);
  if (advanced_) advanced_();
  syscall(SYS_futex, Word(memory_.moved), FUTEX_WAIT, seen, &kNap, nullptr, 0);
  memory_.seat[seat].waits.store(0, std::memory_order_relaxed);
}

bool StalenessGate::Enter(std::size_t seat, const std::atomic<bool>& stop) {
  const std::uint64_t clock = memory_.seat[seat].clock.load(std::memory_order_relaxed);
  return MayPass(seat, clock) || WaitToEnter(seat, clock, stop);
}

/// Ends with the job at the latest: a host that is not heard is declared dead, and the watchdog ends a
/// process that waits for one that is heard and does not get on.
bool StalenessGate::WaitToEnter(std::size_t seat, std::uint64_t clock, const std::atomic<bool>& stop) {
  const std::uint64_t base = marks_[seat].base;
  const auto since_base = [base](std::uint64_t of) { return std::max(of, base) - base; };
  Doing waits("waits at the gate: clock {}, rows here are of clock {}, bound {}", since_base(clock),
              since_base(visible()), bound_);
  while (true) {
    const std::uint32_t seen = memory_.moved.load(std::memory_order_acquire);
    if (MayPass(seat, clock)) return true;
    if (stop.load(std::memory_order_relaxed)) return false;
    waits.Set(since_base(clock), since_base(visible()), bound_);
    Wait(seat, seen);
  }
}

void StalenessGate::Finish(std::size_t seat) {
  const std::uint64_t clock = memory_.seat[seat].clock.fetch_add(1, std::memory_order_release) + 1;
  if (advanced_ && clock >= memory_.told_from.load(std::memory_order_relaxed)) advanced_();
}

void StalenessGate::Observe(std::size_t seat, std::uint64_t ahead, Staleness& staleness) const {
  const std::uint64_t clock = memory_.seat[seat].clock.load(std::memory_order_relaxed) + ahead;
  const std::uint64_t reached = visible();
  staleness.clocks.Add(clock > reached ? clock - reached : 0);
  const auto as_of = std::chrono::nanoseconds(memory_.as_of.load(std::memory_order_relaxed));
  const auto age = std::chrono::steady_clock::now().time_since_epoch() - as_of;
  staleness.milliseconds.Add(
      static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(age).count()));
}

void StalenessGate::SetAsOf(std::chrono::steady_clock::time_point time) {
  memory_.as_of.store(std::chrono::nanoseconds(time.time_since_epoch()).count(), std::memory_order_relaxed);
}

std::uint64_t StalenessGate::HostClock() const {
  std::uint64_t least = wire::kNoClock;
  for (const GateMemory::Seat& seat : SeatsInUse()) {
    if (seat.works.load(std::memory_order_acquire) == 0) continue;
    least = std::min(least, seat.clock.load(std::memory_order_acquire));
  }
  return least;
}

std::uint64_t StalenessGate::FarthestClock() const {
  std::uint64_t farthest = 0;
  for (const GateMemory::Seat& seat : SeatsInUse()) {
    farthest = std::max(farthest, seat.clock.load(std::memory_order_acquire));
  }
  return farthest;
}

bool StalenessGate::AnybodyWaits() const {
  const std::uint64_t waiting = std::uint64_t{memory_.moved.load(std::memory_order_relaxed)} + 1;
  return std::ranges::any_of(SeatsInUse(), [waiting](const GateMemory::Seat& seat) {
    return seat.works.load(std::memory_order_relaxed) != 0 &&
           seat.waits.load(std::memory_order_relaxed) == waiting;
  });
}

void StalenessGate::SetVisible(std::uint64_t clock) {
  if (clock == visible()) return;
  memory_.visible.store(clock, std::memory_order_release);
  Move();
}

void StalenessGate::EndRound() {
  memory_.rounds.fetch_add(1, std::memory_order_release);
  Move();
}

void StalenessGate::SetLate(bool late) {
  if (memory_.late.exchange(late ? 1 : 0, std::memory_order_relaxed) != (late ? 1U : 0U)) Move();
}

void StalenessGate::Move() {
  memory_.moved.fetch_add(1, std::memory_order_release);
  syscall(SYS_futex, Word(memory_.moved), FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

}  // namespace attune::worker
