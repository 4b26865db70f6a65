#include "launch/predict/processor.h"

#include <algorithm>

namespace attune::predict {
namespace {

/// Left for workers where messages would take all: nobody waits for ever.
constexpr double kLeastShare = 0.02;

}  // namespace

double Processor::Share(Kind kind) const {
  const auto first = static_cast<double>(first_.tasks.size());
  if (kind == Kind::kFirst) return first == 0 ? 0 : std::min(1.0, cores_ / first);
  const auto workers = static_cast<double>(workers_.tasks.size());
  if (workers == 0) return 0;
  return std::min(1.0, std::max(cores_ - first, kLeastShare * cores_) / workers);
}

void Processor::Advance() {
  const double passed = queue_.now() - looked_;
  for (const Kind kind : {Kind::kFirst, Kind::kWorker}) {
    Class& of = Of(kind);
    of.share_time += passed * Share(kind);
    used_ += passed * Share(kind) * static_cast<double>(of.tasks.size());
  }
  looked_ = queue_.now();
}

void Processor::Run(Kind kind, double seconds, Action done) {
  Advance();
  Class& of = Of(kind);
  of.tasks.push_back({of.share_time + seconds, started_++, std::move(done)});
  std::push_heap(of.tasks.begin(), of.tasks.end(), Later);
  Plan(kind);
  if (kind == Kind::kFirst) Plan(Kind::kWorker);
}

void Processor::Plan(Kind kind) {
  Class& of = Of(kind);
  ++of.plan;
  if (of.tasks.empty()) return;
  const double left = std::max(0.0, of.tasks.front().ends - of.share_time);
  queue_.After(left / Share(kind), [this, kind, plan = of.plan] { FinishNext(kind, plan); });
}

void Processor::FinishNext(Kind kind, std::uint64_t plan) {
  Class& of = Of(kind);
  if (plan != of.plan) return;  // others have come or gone since
  Advance();
  std::pop_heap(of.tasks.begin(), of.tasks.end(), Later);
  const Task task = std::move(of.tasks.back());
  of.tasks.pop_back();
  of.share_time = std::max(of.share_time, task.ends);  // what rounding has left
  Plan(kind);
  if (kind == Kind::kFirst) Plan(Kind::kWorker);
  task.done();
}

}  // namespace attune::predict
