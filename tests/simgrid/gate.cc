#include "tests/simgrid/gate.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace attune::crosscheck {
namespace {

/// Of the bound, that a worker may be behind where others ended the epoch before (worker/staleness_gate.h).
constexpr double kPartBehind = 4;

}  // namespace

Gate::Gate(const Job& job, Machine& machine) : job_(job), machine_(machine), seats_(job.threads) {}

double Gate::ClockAfter(double epochs_end) const {
  return epochs_end - std::max(0.0, std::floor(job_.staleness / kPartBehind));
}

void Gate::Join(unsigned number, double base) {
  Seat& seat = seats_[number];
  const double reached = visible_ == kNobody ? base : std::max(base, visible_);
  const double ahead = std::max(0.0, reached - seat.clock);
  seat.clock += ahead;
  seat.last += ahead;
  seat.previous += ahead;
  seat.works = true;
}

void Gate::Leave(unsigned seat) {
  seats_[seat].works = false;
  machine_.Wake();
}

bool Gate::MayPass(Seat& seat) const {
  if (job_.hosts == 1) return true;
  if (seat.rounds != rounds_) {
    seat.previous = rounds_ - seat.rounds == 1 ? seat.last : seat.clock;
    seat.last = seat.clock;
    seat.rounds = rounds_;
  }
  const bool rows_are_new = seat.clock - seat.previous < job_.batches_of_round || late_;
  return rows_are_new && (job_.staleness < 0 || seat.clock - visible_ <= job_.staleness);
}

void Gate::Enter(unsigned number) {
  Seat& seat = seats_[number];
  while (!MayPass(seat)) {
    seat.waits = true;
    machine_.Wake();
    seat.bell.Wait();
  }
}

void Gate::Finish(unsigned seat, double triples) {
  seats_[seat].clock += 1;
  triples_ += triples;
  machine_.Wake();
}

double Gate::HostClock() const {
  double least = kNobody;
  for (const Seat& seat : seats_) {
    if (seat.works) least = std::min(least, seat.clock);
  }
  return least;
}

bool Gate::AnybodyWaits() const {
  return std::any_of(seats_.begin(), seats_.end(), [](const Seat& seat) { return seat.works && seat.waits; });
}

void Gate::Move() {
  for (Seat& seat : seats_) {
    if (std::exchange(seat.waits, false)) seat.bell.Ring();
  }
}

void Gate::SetVisible(double clock) {
  if (clock == visible_) return;
  visible_ = clock;
  Move();
}

void Gate::EndRound() {
  ++rounds_;
  Move();
}

void Gate::SetLate(bool late) {
  if (late == late_) return;
  late_ = late;
  Move();
}

}  // namespace attune::crosscheck
