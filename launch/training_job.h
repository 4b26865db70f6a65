#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "common/config/train.pb.h"
#include "common/data/dataset.h"
#include "common/data/training_data.h"
#include "common/io/staged_directory.h"
#include "common/run/metrics_log.h"
#include "common/run/progress.h"
#include "launch/cluster.h"
#include "scheduler/early_stopping.h"
#include "worker/evaluator.h"

namespace attune::launch {

/// What a finished job says of itself; also result.json.
struct JobResult {
  std::string status;  ///< "completed", "stopped early", "interrupted"
  nlohmann::ordered_json summary;
};

/// One training run in this process: epochs, evaluations on the validation split, the best model on disk.
/// Threads: confined; StopRequested() (signals.h) ends it after the current batches.
class TrainingJob {
 public:
  /// Opens data, checks the settings against it, and allocates. Throws Error.
  TrainingJob(const config::TrainSettings& settings, const TrainingSpec& spec, const data::Dataset& dataset);
  ~TrainingJob();

  /// Trains, then gives the model its final name.
  JobResult Run();

 private:
  struct Evaluation {
    nlohmann::ordered_json metrics;
    double chosen = 0;  ///< the metric that early stopping looks at
  };
  void OpenEvaluation();
  bool Evaluating(std::uint32_t epoch) const;
  /// Trains one epoch with progress; false when it was stopped.
  bool TrainEpoch(std::uint32_t epoch);
  void TrainTriples();
  void EvaluateEpoch(std::uint32_t epoch);
  Evaluation Measure(const worker::EvaluationTask& task, data::Split split);
  JobResult Finish(const std::string& status);
  nlohmann::ordered_json Provenance() const;
  void Record(const std::string& event, nlohmann::ordered_json fields);

  const config::TrainSettings settings_;
  const TrainingSpec spec_;
  const data::Dataset& dataset_;
  const unsigned threads_;
  std::optional<data::HeldOut> validation_;
  std::unique_ptr<data::TrainingData> data_;
  io::StagedDirectory staged_;
  std::unique_ptr<Cluster> cluster_;
  std::unique_ptr<MetricsLog> metrics_log_;
  ProgressLine progress_;
  std::optional<worker::EvaluationTask> validation_task_;
  std::optional<worker::EvaluationTask> test_task_;
  scheduler::EarlyStopping stopping_;

  std::uint32_t epochs_done_ = 0;
  std::uint64_t triples_ = 0;
  std::uint64_t untrainable_ = 0;
  double train_seconds_ = 0;
  double evaluation_seconds_ = 0;
  double last_loss_ = 0;
  nlohmann::ordered_json best_metrics_;  ///< of the saved model, null before the first evaluation
};

}  // namespace attune::launch
