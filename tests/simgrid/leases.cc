#include "tests/simgrid/leases.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

namespace attune::crosscheck {
namespace {

/// A message between worker and scheduler.
constexpr double kControl = 120;
constexpr double kHead = 70;
/// A host keeps this part of its share of what waits for the others (scheduler/lease_desk.cc).
constexpr double kPartOfShare = 2;
constexpr double kMostAhead = 128;
constexpr double kLeastInterval = 1e-6;

double Now() {
  return simgrid::s4u::Engine::get_clock();
}

}  // namespace

double LeaseBoard::Epoch::left() const {
  return std::accumulate(waiting.begin(), waiting.end(), 0.0);
}

LeaseBoard::LeaseBoard(const Job& job) : job_(job), epochs_(3), held_(job.hosts) {
  for (Epoch& epoch : epochs_) epoch.waiting.resize(job.hosts);
  for (unsigned n = 0; n < job.slices; ++n) epochs_[0].waiting[n % job.hosts] += 1;
}

Lease LeaseBoard::Take(unsigned host) {
  const unsigned number = epochs_[0].left() > 0 ? 0 : 1;
  Epoch& epoch = epochs_[number];
  const auto most = std::max_element(epoch.waiting.begin(), epoch.waiting.end());
  const auto home = epoch.waiting[host] > 0 ? host : static_cast<unsigned>(most - epoch.waiting.begin());
  epoch.waiting[home] -= 1;
  held_[host].push_back(number);
  return {home, number == 0 ? epochs_[0].clock : epochs_[1].clock};
}

LeaseBoard::Answer LeaseBoard::Ask(unsigned host, double ahead, Lease& lease) {
  const double waiting = epochs_[0].left() + epochs_[1].left();
  const double share = std::floor(waiting / (kPartOfShare * job_.hosts));
  const auto held = static_cast<double>(held_[host].size());
  const double early = std::min(ahead, std::floor(job_.slices / job_.hosts));
  if (waiting > 0 && held >= job_.threads + early + share) return Answer::kNone;
  if (waiting > 0) {
    lease = Take(host);
    return Answer::kLease;
  }
  if (held > 0) return Answer::kNone;
  waits_.push_back(host);
  return Answer::kLater;
}

void LeaseBoard::Complete(unsigned host, double clock) {
  const unsigned number = held_[host].front();
  held_[host].pop_front();
  epochs_[number].done += 1;
  epochs_[number + 1].waiting[host] += 1;
  epochs_[number + 1].clock = std::max(epochs_[number + 1].clock, clock);
  if (epochs_[0].done < job_.slices) return;
  epochs_.pop_front();
  epochs_.push_back({std::vector<double>(job_.hosts), 0, 0});
  for (std::deque<unsigned>& held : held_) {
    for (unsigned& epoch : held) --epoch;
  }
}

std::vector<std::pair<unsigned, Lease>> LeaseBoard::Served() {
  std::vector<std::pair<unsigned, Lease>> served;
  while (!waits_.empty() && epochs_[0].left() + epochs_[1].left() > 0) {
    served.emplace_back(waits_.front(), Take(waits_.front()));
    waits_.pop_front();
  }
  return served;
}

void LeaseHolder::Mean::Add(double one) {
  value = known ? value + (one - value) / 4 : one;
  known = true;
}

LeaseHolder::LeaseHolder(Fabric& fabric, Machine& machine, LeaseBoard& board, std::vector<LeaseHolder*>& all)
    : fabric_(fabric),
      job_(fabric.job()),
      machine_(machine),
      board_(board),
      all_(all),
      self_(machine.self()),
      bells_(job_.threads),
      given_(job_.threads) {}

Lease LeaseHolder::Take(unsigned seat) {
  if (!ready_.empty()) {
    const Lease next = ready_.front();
    ready_.pop_front();
    return next;
  }
  idle_.push_back(seat);
  machine_.Wake();
  while (given_[seat].empty()) bells_[seat].Wait();
  const Lease lease = given_[seat].front();
  given_[seat].pop_front();
  return lease;
}

void LeaseHolder::Finish(double clock) {
  finished_.push_back(clock);
  machine_.Wake();
}

void LeaseHolder::Proceed() {
  while (!finished_.empty()) {
    const double clock = finished_.front();
    finished_.pop_front();
    --held_;
    refused_ = false;
    ++ended_;
    if (last_end_ >= 0) interval_.Add(Now() - last_end_);
    last_end_ = Now();
    Complete(self_, clock);
  }
  while (!refused_ && held_ + questions_ < job_.threads + 1 + Ahead()) Ask();
  while (!ready_.empty() && !idle_.empty()) {
    const unsigned seat = idle_.front();
    idle_.pop_front();
    given_[seat].push_back(ready_.front());
    ready_.pop_front();
    bells_[seat].Ring();
  }
}

double LeaseHolder::Ahead() const {
  if (!answer_.known || !interval_.known) return 0;
  return std::min(std::round(answer_.value / std::max(interval_.value, kLeastInterval)), kMostAhead);
}

void LeaseHolder::Complete(unsigned host, double clock) {
  if (self_ != 0) {
    return machine_.Send({0, kControl, 0, 0, [scheduler = all_[0], host, clock] {
                            scheduler->Complete(host, clock);
                            scheduler->machine_.Send({host, kControl, 0, 0, [] {}});
                          }});
  }
  board_.Complete(host, clock);
  for (const auto& [to, lease] : board_.Served()) Tell(to, LeaseBoard::Answer::kLease, lease, {});
}

void LeaseHolder::Ask() {
  ++questions_;
  const Question question{Ahead(), Now(), held_ > 0, ended_};
  if (self_ == 0) return Answer(0, question);
  machine_.Send({0, kControl, 0, 0,
                 [scheduler = all_[0], host = self_, question] { scheduler->Answer(host, question); }});
}

/// The scheduler's part.
void LeaseHolder::Answer(unsigned host, const Question& question) {
  Lease lease;
  const LeaseBoard::Answer answer = board_.Ask(host, question.ahead, lease);
  if (answer == LeaseBoard::Answer::kLater) return;
  Tell(host, answer, lease, question);
}

void LeaseHolder::Tell(unsigned host, LeaseBoard::Answer answer, const Lease& lease,
                       const Question& question) {
  if (host == 0) return OnAnswer(answer, lease, question);
  machine_.Send({host, kControl, 0, 0, [holder = all_[host], answer, lease, question] {
                   holder->OnAnswer(answer, lease, question);
                 }});
}

void LeaseHolder::OnAnswer(LeaseBoard::Answer answer, const Lease& lease, const Question& question) {
  --questions_;
  if (question.timed) answer_.Add(Now() - question.asked);
  if (answer == LeaseBoard::Answer::kNone) {
    // Asked again when a lease is done here, which may have been meanwhile.
    refused_ = question.ended == ended_;
    return;
  }
  ++held_;
  if (lease.home == self_) {
    ready_.push_back(lease);
  } else {
    Bring(lease);
  }
}

/// The rows of the slice's users come from where they were trained before.
void LeaseHolder::Bring(const Lease& lease) {
  const double keys = kHead + 4 * job_.slice_users;
  const double records = keys + 4 * job_.slice_users * job_.costs.user_floats;
  machine_.Send(
      {lease.home, keys, 0, job_.slice_users * job_.costs.pull_row,
       [there = all_[lease.home], to = self_, here = this, records, lease] {
         there->machine_.Send({to, records, 0, 0, [here, lease] { here->ready_.push_back(lease); }});
       }});
}

}  // namespace attune::crosscheck
