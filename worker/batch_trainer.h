#pragma once

#include <cstdint>
#include <memory>

#include "common/table.h"
#include "common/theta_service.h"
#include "common/training_spec.h"
#include "worker/batch.h"
#include "worker/row_access.h"
#include "worker/shared_content.h"
#include "worker/step_timer.h"

namespace attune::worker {

struct BatchReport {
  std::uint64_t triples = 0;
  double loss = 0;  ///< Σ -ln σ(R̂_ij - R̂_ik) before each triple's step, nats; not finite if training diverged
};

/// Trains batches on shared tables. One for each worker thread; its scratch memory is bounded by the batch.
/// Threads: confined; rows are shared (hogwild.h).
class BatchTrainer {
 public:
  virtual ~BatchTrainer() = default;
  /// @param timer  of a batch that has begun; told of its phases from gather to update
  virtual BatchReport Train(const Batch& batch, const EpochRates& rates, StepTimer& timer) = 0;
  /// Brings gradients that wait for items among [first, end) to Θ; the threads of a process share the items
  /// out.
  virtual void FoldOverdue(Index first, Index end, const EpochRates& rates) = 0;
};

/// The trainer for the spec's model, optimizer and way of updating.
/// @param content  of variants that attend to it; must outlive the trainer
std::unique_ptr<BatchTrainer> MakeBatchTrainer(const TrainingSpec& spec, const Tables& tables,
                                               ThetaService& theta, const SharedContent& content);

/// Rates of an epoch whose learning rates are `factor` times the spec's.
EpochRates RatesOf(const TrainingSpec& spec, double factor);

}  // namespace attune::worker
