#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>

#include "scheduler/early_stopping.h"
#include "scheduler/lease_queue.h"

namespace attune::launch {

/// How far a training run is: what its summary says, and what a checkpoint keeps of it.
struct JobProgress {
  std::uint32_t epochs_done = 0;
  bool evaluated = true;           ///< whether the last of them was evaluated, if it is to be
  scheduler::LeaseReport trained;  ///< in epochs that are done
  std::uint64_t untrainable = 0;
  double train_seconds = 0;
  double evaluation_seconds = 0;
  double last_loss = 0;
  std::uint32_t resumed = 0;            ///< how often the run was taken up from a checkpoint
  std::uint64_t checkpoints = 0;        ///< written
  nlohmann::ordered_json best_metrics;  ///< of the saved model, null before the first evaluation
};

nlohmann::ordered_json ToJson(const JobProgress& progress, const scheduler::EarlyStopping& stopping);
/// Throws nlohmann::json::exception.
JobProgress ProgressFromJson(const nlohmann::ordered_json& json, scheduler::EarlyStopping& stopping);

}  // namespace attune::launch
