#pragma once

#include <algorithm>
#include <deque>
#include <memory>
#include <random>
#include <vector>

#include "launch/predict/host_model.h"

namespace attune::predict {

/// The workers of one host: leases, batches, rows that are pulled and pushed (worker::TailRun), and the gate.
/// Threads: confined.
class WorkersModel {
 public:
  /// Both must outlive it.
  WorkersModel(JobModel& job, unsigned self);

  void Start();

  /// Seconds of a core that training has had.
  double used() const { return used_; }
  /// Of the worker that is furthest.
  double MostClock() const {
    double most = 0;
    for (const Worker& worker : workers_) most = std::max(most, worker.clock);
    return most;
  }

 private:
  struct Batch {
    double triples = 0;
    unsigned left = 0;  ///< groups of hosts that have not answered
  };
  using Shared = std::shared_ptr<Batch>;
  enum class Wait { kNothing, kGate, kRows, kLease };
  struct Worker {
    bool trains = false;
    double clock = 0;
    double lease_left = 0;  ///< triples
    HostModel::Mark mark;
    std::deque<Shared> pulling, pushing;
    Wait wait = Wait::kNothing;
    double since = 0;
    double under_way() const { return static_cast<double>(pulling.size() + pushing.size()); }
  };

  void Step(Worker& worker);
  void Settle(Worker& worker);
  Wait Begin(Worker& worker);
  bool TakeLease(Worker& worker);
  void AskForLease();
  void Train(Worker& worker);
  void Move(Worker& worker, const Shared& batch, bool push);
  void Finish(Worker& worker);
  void SetWait(Worker& worker, Wait wait);
  void Tell();
  void WakeAll();
  double Noise();

  JobModel& job_;
  const unsigned self_;
  std::vector<Worker> workers_;
  std::mt19937_64 draws_;
  double speed_ = 1;
  double used_ = 0;
  unsigned leases_ = 0;  ///< that are here and were not begun
  unsigned asked_ = 0;   ///< for
  unsigned ahead_ = 1;   ///< leases that are held or asked for beyond one for each worker
};

}  // namespace attune::predict
