#include "launch/predict/lease_board_model.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

namespace attune::predict {
namespace {

constexpr double kPartOfShare = 2;  // as scheduler/lease_desk.cc has it
constexpr double kRounding = 1e-6;

}  // namespace

LeaseBoardModel::LeaseBoardModel(double slices, unsigned threads, std::vector<double> sizes)
    : slices_(slices),
      threads_(threads),
      sizes_(std::move(sizes)),
      hosts_(std::accumulate(sizes_.begin(), sizes_.end(), 0.0)),
      held_(sizes_.size()),
      of_next_(sizes_.size()),
      next_homes_(sizes_.size()) {
  next_.of.resize(sizes_.size());
  now_.of.resize(sizes_.size());
  for (unsigned n = 0; n < sizes_.size(); ++n) Wait(now_, n, slices_ * sizes_[n] / hosts_);
}

void LeaseBoardModel::Wait(Waiting& waiting, unsigned home, double count) {
  waiting.of[home] += count;
  waiting.count += count;
}

bool LeaseBoardModel::MayTake(unsigned host) const {
  return now_.count + next_.count >= sizes_[host] - kRounding;
}

LeaseBoardModel::Lease LeaseBoardModel::Take(unsigned host) {
  double left = sizes_[host];
  Lease lease{host, 0};
  // Those whose rows are here first, then those of the host that has most left.
  for (Waiting* waiting : {&now_, &next_}) {
    while (left > kRounding && waiting->count > kRounding) {
      unsigned home = host;
      if (waiting->of[home] < kRounding) {
        const auto most = std::max_element(waiting->of.begin(), waiting->of.end());
        if (*most < kRounding) break;
        home = static_cast<unsigned>(most - waiting->of.begin());
        lease.home = home;
      }
      const double taken = std::min(left, waiting->of[home]);
      Wait(*waiting, home, -taken);
      left -= taken;
      lease.clock = waiting->clock;
      if (waiting == &next_) of_next_[host] += taken;
    }
  }
  held_[host] += sizes_[host];
  return lease;
}

std::pair<LeaseBoardModel::Answer, LeaseBoardModel::Lease> LeaseBoardModel::Ask(unsigned host, double ahead,
                                                                                Later later) {
  const double size = sizes_[host];
  const double waiting = now_.count + next_.count;
  const double share = std::floor(waiting / (kPartOfShare * hosts_));
  const double early = std::min(ahead, std::floor(slices_ / hosts_));
  if (waiting > 0 && held_[host] / size >= threads_ + early + share) return {Answer::kNoLease, {}};
  if (MayTake(host)) return {Answer::kLease, Take(host)};
  if (held_[host] > kRounding) return {Answer::kNoLease, {}};
  waits_.emplace_back(host, std::move(later));
  return {Answer::kLater, {}};
}

void LeaseBoardModel::Complete(unsigned host, double clock) {
  const double size = std::min(sizes_[host], held_[host]);
  held_[host] -= size;
  const double for_now = std::min(size, std::max(0.0, held_[host] + size - of_next_[host]));
  const double for_next = size - for_now;
  // The oldest are done first: those of this epoch before those of the next.
  of_next_[host] -= for_next;
  completed_ += for_now;
  done_of_next_ += for_next;
  next_homes_[host] += for_next;
  if (for_now > 0) next_.clock = std::max(next_.clock, clock);
  if (for_next > 0) after_next_ = std::max(after_next_, clock);
  Wait(next_, host, for_now);
  if (completed_ >= slices_ - kRounding) {
    now_ = std::exchange(next_, Waiting{std::vector<double>(sizes_.size()), 0, after_next_});
    after_next_ = 0;
    completed_ = std::exchange(done_of_next_, 0);
    std::fill(of_next_.begin(), of_next_.end(), 0.0);
    for (unsigned n = 0; n < sizes_.size(); ++n) Wait(next_, n, std::exchange(next_homes_[n], 0));
  }
  while (!waits_.empty() && MayTake(waits_.front().first)) {
    const auto [waiter, later] = std::move(waits_.front());
    waits_.pop_front();
    later(Take(waiter));
  }
}

}  // namespace attune::predict
