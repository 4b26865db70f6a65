#pragma once

#include <deque>
#include <utility>
#include <vector>

#include "launch/predict/event_queue.h"

namespace attune::predict {

/// Cores that threads share alike: of n that have work, each gets min(1, cores / n). Threads: confined.
class Processor {
 public:
  using Action = EventQueue::Action;

  Processor(EventQueue& queue, double cores) : queue_(queue), cores_(cores) {}
  Processor(const Processor&) = delete;
  Processor& operator=(const Processor&) = delete;

  /// A thread that needs so many seconds of a core from now on.
  void Run(double seconds, Action done);

  /// Seconds of a core that were used.
  double used() const { return used_; }

 private:
  /// In the time of one thread's share: all advance in it alike.
  struct Task {
    double ends;
    std::uint64_t order;
    Action done;
  };
  static bool Later(const Task& a, const Task& b) {
    return a.ends != b.ends ? a.ends > b.ends : a.order > b.order;
  }
  /// Of a core, that each thread gets.
  double Share() const;
  void Advance();
  void Plan();
  void FinishNext(std::uint64_t plan);

  EventQueue& queue_;
  const double cores_;
  double looked_ = 0;
  double used_ = 0;
  std::uint64_t started_ = 0;
  double share_time_ = 0;
  std::vector<Task> tasks_;
  std::uint64_t plan_ = 0;  ///< plans of earlier numbers are void
};

/// A thread that does one thing after the other on a processor. Threads: confined.
class SerialThread {
 public:
  using Action = EventQueue::Action;

  explicit SerialThread(Processor& processor) : processor_(processor) {}

  void Run(double seconds, Action done) {
    waiting_.emplace_back(seconds, std::move(done));
    if (waiting_.size() == 1) RunFirst();
  }

  /// Seconds of a core that it has had, or begun to have.
  double used() const { return used_; }

 private:
  void RunFirst() {
    used_ += waiting_.front().first;
    processor_.Run(waiting_.front().first, [this] {
      const Action done = std::move(waiting_.front().second);
      waiting_.pop_front();
      if (!waiting_.empty()) RunFirst();
      done();
    });
  }

  Processor& processor_;
  std::deque<std::pair<double, Action>> waiting_;
  double used_ = 0;
};

}  // namespace attune::predict
