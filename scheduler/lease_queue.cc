#include "scheduler/lease_queue.h"

#include <algorithm>

#include "common/error.h"
#include "common/random.h"

namespace attune::scheduler {

LeaseReport& LeaseReport::operator+=(const LeaseReport& other) {
  positives += other.positives;
  untrainable += other.untrainable;
  triples += other.triples;
  loss += other.loss;
  digest += other.digest;
  rows += other.rows;
  staleness += other.staleness;
  steps += other.steps;
  return *this;
}

LeaseQueue::LeaseQueue(std::uint32_t slices, std::uint64_t seed, std::uint32_t epoch, const SlicesDone& done)
    : reports_(slices) {
  for (const auto& [slice, report] : done) reports_.at(slice) = report;
  if (slices == 0) return;
  const random::Stream stream(seed, random::Purpose::kLeaseOrder, epoch);
  const random::Permutation permutation(slices, stream(0));
  for (std::uint32_t n = 0; n < slices; ++n) {
    if (!reports_[permutation(n)]) order_.push_back(permutation(n));
  }
}

std::optional<std::uint32_t> LeaseQueue::Next() {
  const std::lock_guard lock(mutex_);
  if (next_ >= order_.size()) return std::nullopt;
  ++out_;
  return order_[next_++];
}

void LeaseQueue::Complete(std::uint32_t slice, const LeaseReport& report) {
  const std::lock_guard lock(mutex_);
  ATTUNE_CHECK(!reports_[slice].has_value());
  reports_[slice] = report;
  --out_;
}

void LeaseQueue::Close() {
  const std::lock_guard lock(mutex_);
  next_ = order_.size();
}

LeaseReport LeaseQueue::Total() const {
  const std::lock_guard lock(mutex_);
  LeaseReport total;
  for (const auto& report : reports_) {
    if (report) total += *report;
  }
  return total;
}

bool LeaseQueue::AllComplete() const {
  const std::lock_guard lock(mutex_);
  return std::all_of(reports_.begin(), reports_.end(), [](const auto& report) { return report.has_value(); });
}

SlicesDone LeaseQueue::Done() const {
  const std::lock_guard lock(mutex_);
  SlicesDone done;
  for (std::uint32_t slice = 0; slice < reports_.size(); ++slice) {
    if (reports_[slice]) done.emplace(slice, *reports_[slice]);
  }
  return done;
}

LeaseQueue::Counts LeaseQueue::Count() const {
  const std::lock_guard lock(mutex_);
  const auto done =
      std::count_if(reports_.begin(), reports_.end(), [](const auto& report) { return report.has_value(); });
  return {reports_.size(), static_cast<std::size_t>(done), out_};
}

}  // namespace attune::scheduler
