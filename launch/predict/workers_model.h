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
  /// Adds what has passed of waits that last to what was seen.
  void CountWaits();

  /// Seconds of a core that training has had.
  double used() const { return used_; }

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
    bool leased = false;
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
  void EndLease(Worker& worker);
  double Ahead() const;
  void AskForLeases();
  void Answered(double asked, bool timed);
  void Bring(const LeaseBoardModel::Lease& lease);
  void Train(Worker& worker);
  void Move(Worker& worker, const Shared& batch, bool push);
  void Finish(Worker& worker);
  void SetWait(Worker& worker, Wait wait);
  void CountWait(Worker& worker);
  void Tell();
  void WakeAll();
  double Noise();

  JobModel& job_;
  const unsigned self_;
  std::vector<Worker> workers_;
  std::mt19937_64 draws_;
  double speed_ = 1;
  double used_ = 0;
  /// That forgets.
  struct Mean {
    double value = 0;
    bool known = false;
    void Add(double one) {
      value = known ? value + (one - value) / 4 : one;
      known = true;
    }
  };
  std::deque<LeaseBoardModel::Lease> leases_;  ///< that are here and were not begun
  double held_ = 0;  ///< leases that were not finished, those on their way from U too
  double questions_ = 0;
  std::uint64_t ended_ = 0;  ///< leases
  double last_end_ = -1;
  Mean answer_;             ///< seconds until a question is answered
  Mean interval_;           ///< between ends of leases
  std::uint64_t idle_ = 0;  ///< times that nobody worked here
};

}  // namespace attune::predict
