#pragma once

#include <memory>
#include <optional>

#include "common/config/train.pb.h"
#include "common/data/dataset.h"
#include "common/data/training_data.h"
#include "worker/evaluator.h"

namespace attune::launch {

/// What a run reads of a data set: interactions to train on, and whom to evaluate. Every process of a job has
/// the same. Threads: read-only once made.
struct TrainingInputs {
  /// Checks the run's settings against the data. Throws Error: kUsage for a setting that cannot take effect,
  /// kBadInput for data without interactions. @param dataset  must outlive the inputs
  TrainingInputs(const config::RunSettings& run, const data::Dataset& dataset);

  const data::Dataset& dataset;
  std::unique_ptr<data::TrainingData> data;
  std::optional<worker::EvaluationTask> validation;  ///< if the run evaluates on it
  std::optional<worker::EvaluationTask> test;
};

/// Worker threads of a process: one for given triples, whose order it keeps; more would not be used.
unsigned ThreadsOf(const config::RunSettings& run);

}  // namespace attune::launch
