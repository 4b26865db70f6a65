#include "scheduler/lease_board.h"

#include <algorithm>
#include <utility>

#include "common/error.h"
#include "common/random.h"

namespace attune::scheduler {

LeaseBoard::LeaseBoard(std::vector<Host> homes, std::uint64_t seed, std::uint32_t epoch,
                       const std::set<std::uint32_t>& moving, const SlicesDone& done)
    : epoch_(epoch), slices_(homes.size()), completed_(done.size()) {
  for (const auto& [slice, report] : done) slices_.at(slice).report = report;
  const auto count = static_cast<std::uint32_t>(homes.size());
  if (count == 0) return;
  const random::Stream stream(seed, random::Purpose::kLeaseOrder, epoch);
  const random::Permutation permutation(count, stream(0));
  for (std::uint32_t n = 0; n < count; ++n) {
    const std::uint32_t slice = permutation(n);
    slices_[slice].home = homes[slice];
    slices_[slice].moving = moving.contains(slice);
    if (!slices_[slice].moving && !slices_[slice].report) Wait(slice);
  }
}

void LeaseBoard::GoOnFrom(const LeaseBoard& paused) {
  if (paused.epoch_ != epoch_) return;
  for (std::size_t slice = 0; slice < slices_.size(); ++slice) {
    slices_[slice].attempts = paused.slices_.at(slice).attempts;
  }
}

void LeaseBoard::Wait(std::uint32_t slice) {
  waiting_of_[slices_[slice].home].push_back(slice);
  ++waiting_;
}

std::optional<std::uint32_t> LeaseBoard::Take(Host host) {
  if (waiting_ == 0 || closed_) return std::nullopt;
  auto from = waiting_of_.find(host);
  if (from == waiting_of_.end() || from->second.empty()) from = waiting_of_.find(kNowhere);
  if (from == waiting_of_.end() || from->second.empty()) {
    from = std::max_element(waiting_of_.begin(), waiting_of_.end(),
                            [](const auto& a, const auto& b) { return a.second.size() < b.second.size(); });
  }
  // A host's own workers take from the front, others from the back: what is moved is what comes last.
  const bool front = from->first == host || from->first == kNowhere;
  const std::uint32_t slice = front ? from->second.front() : from->second.back();
  front ? from->second.pop_front() : from->second.pop_back();
  --waiting_;
  return slice;
}

std::optional<LeaseBoard::Lease> LeaseBoard::Next(Worker worker, Host host) {
  const auto taken = Take(host);
  if (!taken) return std::nullopt;
  Slice& slice = slices_[*taken];
  slice.holder = worker;
  slice.holder_host = host;
  ++held_[worker];
  ++slice.attempts;
  return Lease{*taken, slice.attempts, slice.home};
}

bool LeaseBoard::Complete(Worker worker, std::uint32_t slice, std::uint32_t attempt,
                          const LeaseReport& report) {
  if (slice >= slices_.size()) return false;
  Slice& of = slices_[slice];
  if (of.holder != worker || of.attempts != attempt) return false;
  of.holder.reset();
  --held_[worker];
  of.home = of.holder_host;
  of.report = report;
  ++completed_;
  return true;
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
  std::size_t lost = 0;
  for (std::uint32_t slice = 0; slice < slices_.size(); ++slice) {
    Slice& of = slices_[slice];
    if (of.home != host) continue;
    of.home = kNowhere;
    ++lost;
    if (std::exchange(of.moving, false) && !of.report) Wait(slice);
  }
  auto& waiting = waiting_of_[host];
  auto& nowhere = waiting_of_[kNowhere];
  nowhere.insert(nowhere.end(), waiting.begin(), waiting.end());
  waiting.clear();
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
  auto& waiting = waiting_of_[host];
  waiting_ -= waiting.size();
  waiting.clear();
  return departed;
}

void LeaseBoard::Arrive(std::uint32_t slice, Host home) {
  if (slice >= slices_.size() || !slices_[slice].moving) return;
  Slice& of = slices_[slice];
  of.moving = false;
  of.home = home;
  if (!of.report) Wait(slice);
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
