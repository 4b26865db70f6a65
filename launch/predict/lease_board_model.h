#pragma once

#include <deque>
#include <functional>
#include <utility>
#include <vector>

namespace attune::predict {

/// The scheduler's leases (scheduler::LeaseBoard and LeaseDesk): how many slices wait, for
/// this epoch and for the next, and on which host their rows of U are. A host of the model stands for as many
/// as its group has, and takes as many slices. Threads: confined.
class LeaseBoardModel {
 public:
  struct Lease {
    unsigned home = 0;  ///< host that has its rows of U
    double clock = 0;   ///< that workers had reached when they were done with the epoch before
  };
  enum class Answer { kLease, kNoLease, kLater };
  using Later = std::function<void(Lease)>;

  /// @param sizes  hosts of each group
  LeaseBoardModel(double slices, unsigned threads, std::vector<double> sizes);

  /// @param ahead  leases that the worker's process ends while an answer is on its way
  /// @param later  called when a slice waits, if the answer is kLater: one who has none is not told so
  std::pair<Answer, Lease> Ask(unsigned host, double ahead, Later later);
  /// One for each host of the group is done. @param clock  of the worker
  void Complete(unsigned host, double clock);

 private:
  struct Waiting {
    std::vector<double> of;  ///< by home
    double count = 0;
    double clock = 0;
  };
  bool MayTake(unsigned host) const;
  Lease Take(unsigned host);
  void Wait(Waiting& waiting, unsigned home, double count);

  const double slices_;
  const double threads_;
  const std::vector<double> sizes_;
  double hosts_ = 0;
  Waiting now_, next_;
  double after_next_ = 0;  ///< clock of the epoch after the next
  double completed_ = 0;
  std::vector<double> held_;     ///< by host, of all hosts of the group
  std::vector<double> of_next_;  ///< of these, for the next epoch
  double done_of_next_ = 0;
  std::vector<double> next_homes_;  ///< of slices that are done for the next epoch
  std::deque<std::pair<unsigned, Later>> waits_;
};

}  // namespace attune::predict
