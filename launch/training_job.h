#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "common/config/train.pb.h"
#include "common/io/staged_directory.h"
#include "common/run/metrics_log.h"
#include "common/run/progress.h"
#include "launch/checkpoint/checkpoint_keeper.h"
#include "launch/cluster.h"
#include "launch/job_progress.h"
#include "launch/status/status_board.h"
#include "launch/training_inputs.h"
#include "scheduler/early_stopping.h"

namespace attune::launch {

/// What a finished job says of itself; also result.json.
struct JobResult {
  std::string status;  ///< "completed", "stopped early", "interrupted"
  nlohmann::ordered_json summary;
};

/// One training run of a cluster: epochs, evaluations on the validation split, the best model on disk.
/// Threads: confined; StopRequested() (signals.h) ends it after the current batches.
class TrainingJob {
 public:
  /// Takes the output's name and begins the run's log. Throws Error.
  /// @param layout  what the record of the run says of threads and processes
  /// @param status  told how far it is; must outlive it
  TrainingJob(const config::TrainSettings& settings, const TrainingSpec& spec, const TrainingInputs& inputs,
              nlohmann::ordered_json layout, StatusBoard& status);
  ~TrainingJob();

  /// What lives of the job came before.
  struct Lives {
    std::uint32_t ended = 0;
    std::uint64_t triples_lost = 0;  ///< that were trained again
  };
  /// @param note  told now and then of the triples that the model was trained with
  void SetLives(const Lives& lives, std::function<void(std::uint64_t triples)> note);

  /// Trains, from where a checkpoint has left off if the settings name one, then gives the model its final
  /// name.
  JobResult Run(Cluster& cluster);

 private:
  struct Evaluation {
    nlohmann::ordered_json metrics;
    double chosen = 0;  ///< the metric that early stopping looks at
  };
  void TakeUp();
  std::string RunEpochs();
  bool Evaluating(std::uint32_t epoch) const;
  double RateFactor(std::uint32_t epoch) const;
  std::vector<double> RateFactorsAfter(std::uint32_t epoch) const;
  /// Trains one epoch, or the rest of it, with progress and checkpoints; false when it was stopped.
  bool TrainEpoch(std::uint32_t epoch);
  void FinishEpoch(std::uint32_t epoch, const EpochResult& result, double factor, double seconds,
                   std::uint64_t triples);
  void Tick(std::uint64_t before);
  /// Tells the board what the cluster knows, once a second, and takes note of its news.
  void LookAround();
  void Pause();
  bool PausesInEpoch() const;
  void BeginCheckpoint(const char* reason, std::uint32_t epoch);
  void NoteCheckpoint(const std::optional<CheckpointKeeper::Outcome>& outcome);
  nlohmann::ordered_json CheckpointState(const char* reason, std::uint32_t epoch) const;
  void TrainTriples();
  /// False when it was stopped.
  bool EvaluateEpoch(std::uint32_t epoch);
  void Rest();
  std::optional<Evaluation> Measure(const worker::EvaluationTask& task, data::Split split);
  JobResult Finish(const std::string& status);
  nlohmann::ordered_json Provenance() const;
  /// Adds what the cluster has sent, and how old rows were.
  void AddClusterReport(nlohmann::ordered_json& fields, const scheduler::LeaseReport& trained) const;
  void AddSteps(nlohmann::ordered_json& summary) const;
  void AddCheckpointReport(nlohmann::ordered_json& summary) const;
  void AddModelChange(nlohmann::ordered_json& summary) const;
  void Record(const std::string& event, nlohmann::ordered_json fields);

  const config::TrainSettings settings_;
  const TrainingSpec spec_;
  const TrainingInputs& inputs_;
  const nlohmann::ordered_json layout_;
  io::StagedDirectory staged_;
  Cluster* cluster_ = nullptr;  ///< while it runs
  StatusBoard& status_;
  std::unique_ptr<MetricsLog> metrics_log_;
  ProgressLine progress_;
  scheduler::EarlyStopping stopping_;

  JobProgress so_far_;
  double seconds_before_ = 0;   ///< of training, in lives whose steps are not in so_far_
  scheduler::SlicesDone done_;  ///< of the epoch under way
  Lives lives_;
  std::function<void(std::uint64_t triples)> note_;
  bool trained_here_ = false;  ///< whether an epoch has ended since the run began or was taken up
  bool goes_on_ = false;       ///< the next epoch has begun already
  std::unique_ptr<CheckpointKeeper> checkpoints_;  ///< where there is a run directory
  std::uint64_t failed_checkpoints_ = 0;
  std::optional<std::chrono::steady_clock::time_point> told_to_end_;
  std::optional<std::chrono::steady_clock::time_point> pause_wanted_;  ///< of the epoch, if it is
};

}  // namespace attune::launch
