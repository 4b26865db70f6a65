#include "launch/predict/processor.h"

#include <algorithm>

namespace attune::predict {

double Processor::Share() const {
  return tasks_.empty() ? 0 : std::min(1.0, cores_ / static_cast<double>(tasks_.size()));
}

void Processor::Advance() {
  const double passed = queue_.now() - looked_;
  share_time_ += passed * Share();
  used_ += passed * Share() * static_cast<double>(tasks_.size());
  looked_ = queue_.now();
}

void Processor::Run(double seconds, Action done) {
  Advance();
  tasks_.push_back({share_time_ + seconds, started_++, std::move(done)});
  std::push_heap(tasks_.begin(), tasks_.end(), Later);
  Plan();
}

void Processor::Plan() {
  ++plan_;
  if (tasks_.empty()) return;
  const double left = std::max(0.0, tasks_.front().ends - share_time_);
  queue_.After(left / Share(), [this, plan = plan_] { FinishNext(plan); });
}

void Processor::FinishNext(std::uint64_t plan) {
  if (plan != plan_) return;  // others have come or gone since
  Advance();
  std::pop_heap(tasks_.begin(), tasks_.end(), Later);
  const Task task = std::move(tasks_.back());
  tasks_.pop_back();
  share_time_ = std::max(share_time_, task.ends);  // what rounding has left
  Plan();
  task.done();
}

}  // namespace attune::predict
