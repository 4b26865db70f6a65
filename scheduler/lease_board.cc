#include "scheduler/lease_board.h"

#include <algorithm>
#include <utility>

#include "common/error.h"
#include "common/random.h"

namespace attune::scheduler {

LeaseBoard::LeaseBoard(std::vector<Host> homes, std::uint64_t seed, std::uint32_t epoch,
                       const std::set<std::uint32_t>& moving, const SlicesDone& done, std::uint32_t following)
    : seed_(seed), last_(epoch + following), epoch_(epoch), slices_(homes.size()), completed_(done.size()) {
  for (const auto& [slice, report] : done) slices_.at(slice).report = report;
  now_ = InOrderOf(epoch_);
  if (epoch_ < last_) next_ = InOrderOf(epoch_ + 1);
  for (std::uint32_t slice = 0; slice < slices_.size(); ++slice) {
    slices_[slice].home = homes[slice];
    slices_[slice].moving = moving.contains(slice);
    Wait(slice);
  }
}

void LeaseBoard::GoOnFrom(const LeaseBoard& paused) {
  if (paused.epoch_ != epoch_) return;
  for (std::size_t slice = 0; slice < slices_.size(); ++slice) {
    slices_[slice].attempts = paused.slices_.at(slice).attempts;
  }
}

LeaseBoard::Waiting LeaseBoard::InOrderOf(std::uint32_t epoch) const {
  Waiting waiting;
  const auto count = static_cast<std::uint32_t>(slices_.size());
  if (count == 0) return waiting;
  waiting.place.resize(count);
  const random::Stream stream(seed_, random::Purpose::kLeaseOrder, epoch);
  const random::Permutation permutation(count, stream(0));
  for (std::uint32_t n = 0; n < count; ++n) waiting.place[permutation(n)] = n;
  return waiting;
}

void LeaseBoard::Wait(std::uint32_t slice) {
  const Slice& of = slices_[slice];
  if (of.holder || of.moving || (of.report && (of.next || epoch_ == last_))) return;
  Waiting& waiting = of.report ? next_ : now_;
  if (waiting.of[of.home].emplace(waiting.place[slice], slice).second) ++waiting.count;
}

/// @param waiting  where some slice waits
std::uint32_t LeaseBoard::Take(Waiting& waiting, Host host) {
  auto from = waiting.of.find(host);
  if (from == waiting.of.end() || from->second.empty()) from = waiting.of.find(kNowhere);
  if (from == waiting.of.end() || from->second.empty()) {
    from = std::max_element(waiting.of.begin(), waiting.of.end(),
                            [](const auto& a, const auto& b) { return a.second.size() < b.second.size(); });
  }
  // A host's own workers take from the front, others from the back: what is moved is what comes last.
  const bool front = from->first == host || from->first == kNowhere;
  const auto taken = front ? from->second.begin() : std::prev(from->second.end());
  const std::uint32_t slice = taken->second;
  from->second.erase(taken);
  --waiting.count;
  return slice;
}

std::optional<LeaseBoard::Lease> LeaseBoard::Next(Worker worker, Host host) {
  if (closed_ && !HasBegunNext()) return std::nullopt;
  const bool next = now_.count == 0;
  if (next && (closed_ || next_.count == 0)) return std::nullopt;
  const std::uint32_t taken = Take(next ? next_ : now_, host);
  Slice& slice = slices_[taken];
  slice.holder = worker;
  slice.holder_host = host;
  ++held_[worker];
  ++slice.attempts;
  return Lease{taken, slice.attempts, slice.home, next ? epoch_ + 1 : epoch_, (next ? next_ : now_).clock};
}

bool LeaseBoard::Complete(Worker worker, std::uint32_t slice, std::uint32_t attempt,
                          const LeaseReport& report, std::uint32_t clock) {
  if (slice >= slices_.size()) return false;
  Slice& of = slices_[slice];
  if (of.holder != worker || of.attempts != attempt) return false;
  of.holder.reset();
  --held_[worker];
  of.home = of.holder_host;
  if (!of.report) {
    ++completed_;
    next_.clock = std::max(next_.clock, clock);
  } else {
    after_next_ = std::max(after_next_, clock);
  }
  (of.report ? of.next : of.report) = report;
  Wait(slice);
  return true;
}

bool LeaseBoard::HasBegunNext() const {
  return std::ranges::any_of(slices_, [](const Slice& of) { return of.next || (of.report && of.holder); });
}

std::optional<LeaseReport> LeaseBoard::Advance() {
  if (epoch_ == last_ || completed_ < slices_.size()) return std::nullopt;
  const LeaseReport ended = Total();
  ++epoch_;
  now_ = std::exchange(next_, {});
  if (epoch_ < last_) next_ = InOrderOf(epoch_ + 1);
  next_.clock = std::exchange(after_next_, 0);
  completed_ = 0;
  for (std::uint32_t slice = 0; slice < slices_.size(); ++slice) {
    Slice& of = slices_[slice];
    of.report = std::exchange(of.next, std::nullopt);
    if (!of.report) continue;
    ++completed_;
    Wait(slice);
  }
  return ended;
}

std::size_t LeaseBoard::Return(Worker worker) {
  std::size_t returned = 0;
  held_.erase(worker);
  for (std::uint32_t slice = 0; slice < slices_.size(); ++slice) {
    if (slices_[slice].holder != worker) continue;
    slices_[slice].holder.reset();
    Wait(slice);
    ++returned;
  }
  return returned;
}

std::size_t LeaseBoard::Lose(Host host) {
  for (Waiting* waiting : {&now_, &next_}) waiting->of[kNowhere].merge(waiting->of[host]);
  std::size_t lost = 0;
  for (std::uint32_t slice = 0; slice < slices_.size(); ++slice) {
    Slice& of = slices_[slice];
    if (of.home != host) continue;
    of.home = kNowhere;
    ++lost;
    of.moving = false;
    Wait(slice);
  }
  return lost;
}

std::vector<std::uint32_t> LeaseBoard::Depart(Host host) {
  std::vector<std::uint32_t> departed;
  for (std::uint32_t slice = 0; slice < slices_.size(); ++slice) {
    Slice& of = slices_[slice];
    if (of.home != host || of.holder || of.moving) continue;
    of.moving = true;
    departed.push_back(slice);
  }
  for (Waiting* waiting : {&now_, &next_}) {
    waiting->count -= waiting->of[host].size();
    waiting->of[host].clear();
  }
  return departed;
}

void LeaseBoard::Arrive(std::uint32_t slice, Host home) {
  if (slice >= slices_.size() || !slices_[slice].moving) return;
  slices_[slice].moving = false;
  slices_[slice].home = home;
  Wait(slice);
}

std::set<std::uint32_t> LeaseBoard::moving() const {
  std::set<std::uint32_t> moving;
  for (std::uint32_t slice = 0; slice < slices_.size(); ++slice) {
    if (slices_[slice].moving) moving.insert(slice);
  }
  return moving;
}

LeaseReport LeaseBoard::Total() const {
  LeaseReport total;
  for (const Slice& slice : slices_) {
    if (slice.report) total += *slice.report;
  }
  return total;
}

LeaseReport LeaseBoard::TotalOfNext() const {
  LeaseReport total;
  for (const Slice& slice : slices_) {
    if (slice.next) total += *slice.next;
  }
  return total;
}

SlicesDone LeaseBoard::Done() const {
  SlicesDone done;
  for (std::uint32_t slice = 0; slice < slices_.size(); ++slice) {
    if (slices_[slice].report) done.emplace(slice, *slices_[slice].report);
  }
  return done;
}

bool LeaseBoard::idle() const {
  return std::ranges::none_of(held_, [](const auto& one) { return one.second > 0; });
}

std::size_t LeaseBoard::out() const {
  std::size_t out = 0;
  for (const auto& [worker, count] : held_) out += count;
  return out;
}

std::vector<LeaseBoard::Host> LeaseBoard::homes() const {
  std::vector<Host> homes;
  for (const Slice& slice : slices_) homes.push_back(slice.home);
  return homes;
}

}  // namespace attune::scheduler
