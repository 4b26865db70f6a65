#pragma once

#include <deque>
#include <utility>
#include <vector>

#include "launch/predict/event_queue.h"

namespace attune::predict {

/// Cores that threads share. Threads that mostly wait (those that move messages) are served first, as a
/// system does with whoever has had less than its share; workers share what is left. Of n threads of a kind
/// that have work, each gets min(1, cores / n). Threads: confined.
class Processor {
 public:
  using Action = EventQueue::Action;
  enum class Kind { kFirst, kWorker };

  Processor(EventQueue& queue, double cores) : queue_(queue), cores_(cores) {}
  Processor(const Processor&) = delete;
  Processor& operator=(const Processor&) = delete;

  /// A thread that needs so many seconds of a core from now on.
  void Run(Kind kind, double seconds, Action done);

  /// Seconds of a core that were used.
  double used() const { return used_; }

 private:
  /// In the time of one thread's share: all of a kind advance in it alike.
  struct Task {
    double ends;
    std::uint64_t order;
    Action done;
  };
  struct Class {
    double share_time = 0;
    std::vector<Task> tasks;
    std::uint64_t plan = 0;  ///< plans of earlier numbers are void
  };
  static bool Later(const Task& a, const Task& b) {
    return a.ends != b.ends ? a.ends > b.ends : a.order > b.order;
  }
  /// Of a core, that each thread of the kind gets.
  double Share(Kind kind) const;
  Class& Of(Kind kind) { return kind == Kind::kFirst ? first_ : workers_; }
  void Advance();
  void Plan(Kind kind);
  void FinishNext(Kind kind, std::uint64_t plan);

  EventQueue& queue_;
  const double cores_;
  double looked_ = 0;
  double used_ = 0;
  std::uint64_t started_ = 0;
  Class first_, workers_;
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
    processor_.Run(Processor::Kind::kFirst, waiting_.front().first, [this] {
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
