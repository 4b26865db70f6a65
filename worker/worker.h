#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

#include "common/table.h"
#include "common/theta_service.h"
#include "common/training_spec.h"
#include "worker/batch_trainer.h"
#include "worker/lease_outcome.h"
#include "worker/slice_sampler.h"
#include "worker/staleness_gate.h"
#include "worker/tail_run.h"

namespace attune::worker {

/// Trains visits on shared tables: one worker thread's state.
/// Threads: confined, but for `progress` and the stop flag.
class Worker {
 public:
  /// References must outlive the worker.
  Worker(const TrainingSpec& spec, const Tables& tables, ThetaService& theta, const SharedContent& content,
         Progress& progress);

  /// Each batch waits at the gate until it may begin. @param seat  of this worker
  void SetGate(StalenessGate& gate, std::size_t seat) {
    gate_ = &gate;
    seat_ = seat;
  }

  /// Rows of other hosts are brought for each batch.
  void SetTail(std::unique_ptr<TailRun> tail) { tail_ = std::move(tail); }

  /// Trains all batches of `source`; stops after a batch when `stop` becomes true or the loss is not finite.
  LeaseOutcome Run(VisitSource& source, const EpochRates& rates, const std::atomic<bool>& stop);

  /// See BatchTrainer::FoldOverdue.
  void FoldOverdue(Index first, Index end, const EpochRates& rates) {
    trainer_->FoldOverdue(first, end, rates);
  }

 private:
  std::unique_ptr<BatchTrainer> trainer_;
  Batch batch_;
  StepTimer timer_;
  Progress& progress_;
  StalenessGate* gate_ = nullptr;
  std::size_t seat_ = 0;
  std::unique_ptr<TailRun> tail_;  ///< where some rows are elsewhere
};

}  // namespace attune::worker
