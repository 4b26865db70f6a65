#pragma once

#include <deque>

#include "tests/simgrid/machine.h"

namespace attune::crosscheck {

/// The workers of a host and their clocks: who is too far ahead of what others have done waits, and so does
/// who has done all its batches on the rows of a round (worker/staleness_gate.h). Threads: actors of SimGrid.
class Gate {
 public:
  Gate(const Job& job, Machine& machine);

  /// From the clock at which others ended an epoch, that of a worker in the next.
  double ClockAfter(double epochs_end) const;
  /// The worker's clock is what others have reached, `base` at least.
  void Join(unsigned seat, double base);
  void Leave(unsigned seat);
  /// Blocks until the worker may begin a batch.
  void Enter(unsigned seat);
  /// The worker has finished a batch of so many triples.
  void Finish(unsigned seat, double triples);

  /// Batches that all workers of this host have finished; kNobody if none works.
  double HostClock() const;
  bool AnybodyWaits() const;
  double ClockOf(unsigned seat) const { return seats_[seat].clock; }
  double visible() const { return visible_; }
  double triples() const { return triples_; }  ///< that were trained here

  /// Batches of all workers everywhere that are in the rows here.
  void SetVisible(double clock);
  void EndRound();
  /// Whether the round under way takes so long that nobody is to wait for its end.
  void SetLate(bool late);

 private:
  struct Seat {
    double clock = 0;
    bool works = false;
    bool waits = false;
    Bell bell;
    unsigned rounds = 0;  ///< that it has noticed
    double last = 0;      ///< its clock when the last of them had ended
    double previous = 0;  ///< and the one before
  };
  bool MayPass(Seat& seat) const;
  void Move();

  const Job& job_;
  Machine& machine_;
  std::deque<Seat> seats_;
  double visible_ = 0;
  double triples_ = 0;
  unsigned rounds_ = 0;
  bool late_ = false;
};

}  // namespace attune::crosscheck
