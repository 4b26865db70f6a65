#pragma once

#include <deque>
#include <vector>

#include "tests/simgrid/gate.h"

namespace attune::crosscheck {

struct Lease {
  unsigned home = 0;  ///< host that has the slice's rows of U
  double clock = 0;   ///< that workers had reached when they were done with the epoch before
};

/// The scheduler's slices of this epoch and the next (scheduler/lease_desk.cc). Threads: the first host's
/// network thread.
class LeaseBoard {
 public:
  enum class Answer { kLease, kNone, kLater };

  explicit LeaseBoard(const Job& job);

  /// @param ahead  leases that the host ends while an answer is on its way
  /// @param lease  is set if the answer is kLease. kLater: the host has none, and is told when a slice waits
  Answer Ask(unsigned host, double ahead, Lease& lease);
  /// A slice of the host is done.
  void Complete(unsigned host, double clock);
  /// Hosts that have waited, with the leases that they get now.
  std::vector<std::pair<unsigned, Lease>> Served();

 private:
  struct Epoch {
    std::vector<double> waiting;  ///< slices, by the host that has their users
    double done = 0;
    double clock = 0;  ///< of those that were done with it
    double left() const;
  };
  Lease Take(unsigned host);

  const Job& job_;
  std::deque<Epoch> epochs_;  ///< this one, the next, and what the next has made ready for the one after it
  std::vector<std::deque<unsigned>> held_;  ///< by host, epochs of its leases (0: this one), oldest first
  std::deque<unsigned> waits_;
};

/// A host's leases: asks for them ahead of need, and brings the users of slices that were trained elsewhere
/// (worker/lease_client.cc). Threads: as its functions say.
class LeaseHolder {
 public:
  /// @param all  of all hosts, in their order; is complete before the first message
  LeaseHolder(Fabric& fabric, Machine& machine, LeaseBoard& board, std::vector<LeaseHolder*>& all);

  /// Blocks until there is one. Threads: a worker.
  Lease Take(unsigned seat);
  /// The worker has done its lease. Threads: a worker.
  void Finish(double clock);
  /// Threads: the network thread.
  void Proceed();

 private:
  struct Mean {
    double value = 0;
    bool known = false;
    void Add(double one);
  };
  struct Question {
    double ahead = 0;    ///< leases that end here while the answer is on its way
    double asked = 0;    ///< when
    bool timed = false;  ///< whether the time until the answer counts
    unsigned ended = 0;  ///< leases that had ended here
  };
  double Ahead() const;
  void Ask();
  void Answer(unsigned host, const Question& question);
  void Tell(unsigned host, LeaseBoard::Answer answer, const Lease& lease, const Question& question);
  void OnAnswer(LeaseBoard::Answer answer, const Lease& lease, const Question& question);
  void Complete(unsigned host, double clock);
  void Bring(const Lease& lease);

  Fabric& fabric_;
  const Job& job_;
  Machine& machine_;
  LeaseBoard& board_;
  std::vector<LeaseHolder*>& all_;
  const unsigned self_;
  std::deque<Bell> bells_;                ///< of workers
  std::deque<unsigned> idle_;             ///< workers that wait
  std::vector<std::deque<Lease>> given_;  ///< to a worker
  std::deque<Lease> ready_;
  std::deque<double> finished_;  ///< clocks of leases that workers have done
  double held_ = 0;              ///< that are not finished
  double questions_ = 0;
  unsigned ended_ = 0;    ///< leases
  bool refused_ = false;  ///< until a lease ends here
  double last_end_ = -1;
  Mean answer_, interval_;  ///< seconds
};

}  // namespace attune::crosscheck
