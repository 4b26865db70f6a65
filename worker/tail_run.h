#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "worker/batch_trainer.h"
#include "worker/lease_outcome.h"
#include "worker/staleness_gate.h"
#include "worker/tail_frame.h"

namespace attune::worker {

/// Trains batches whose rows are partly on other hosts: some batches ahead are drawn, and their rows asked
/// for, while one is trained. A batch counts as finished when the owners have what it added. Threads:
/// confined.
class TailRun {
 public:
  /// @param ahead      batches under way at once, 1 or more
  /// @param first_row  of the item table, for visitors of this worker alone
  /// @param rows       of each batch
  TailRun(const ItemPlaces& places, RemoteRows& remote, unsigned ahead, Index first_row, Index rows);

  /// A worker's place at the gate. @param gate  may be nullptr
  struct Seat {
    StalenessGate* gate = nullptr;
    std::size_t number = 0;
  };
  /// As Worker::Run.
  LeaseOutcome Run(BatchTrainer& trainer, VisitSource& source, const EpochRates& rates,
                   const std::atomic<bool>& stop, Seat seat, StepTimer& timer, Progress& progress);

 private:
  /// Ends a run, also one that throws: memory of an exchange is not given up before its end.
  class Drain;

  bool BeginNext(VisitSource& source, StepTimer& timer, LeaseOutcome& outcome);
  void Settle(const Seat& seat, bool wait);

  RemoteRows& remote_;
  std::vector<std::unique_ptr<TailFrame>> frames_;
  std::deque<TailFrame*> idle_;
  std::deque<TailFrame*> pulling_;  ///< in the order in which they are trained
  std::deque<TailFrame*> pushing_;
};

}  // namespace attune::worker
