#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "common/error.h"

/// What `attune predict` is made of: a discrete-event model of a job on many hosts. Times are in seconds,
/// sizes in bytes, processor time in seconds of one core.
namespace attune::predict {

/// What happens later, in the order of its time; what is due at the same moment, in the order in which it was
/// planned, so that a run repeats exactly. Threads: confined.
class EventQueue {
 public:
  using Action = std::function<void()>;

  double now() const { return now_; }
  std::uint64_t events() const { return events_; }

  /// @param time  not before now
  void At(double time, Action action) {
    ATTUNE_CHECK(time >= now_);
    heap_.push_back({time, planned_++, std::move(action)});
    std::push_heap(heap_.begin(), heap_.end(), Later);
  }
  void After(double delay, Action action) { At(now_ + delay, std::move(action)); }

  /// Goes on to the next event. @returns false if there is none
  bool RunNext() {
    if (heap_.empty()) return false;
    std::pop_heap(heap_.begin(), heap_.end(), Later);
    const Event event = std::move(heap_.back());
    heap_.pop_back();
    now_ = event.time;
    ++events_;
    event.action();
    return true;
  }

 private:
  struct Event {
    double time;
    std::uint64_t order;
    Action action;
  };
  static bool Later(const Event& a, const Event& b) {
    return a.time != b.time ? a.time > b.time : a.order > b.order;
  }

  double now_ = 0;
  std::uint64_t planned_ = 0;
  std::uint64_t events_ = 0;
  std::vector<Event> heap_;
};

}  // namespace attune::predict
