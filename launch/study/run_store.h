#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "common/config/study.pb.h"
#include "common/data/dataset.h"
#include "launch/runs/kept_runs.h"

namespace attune::launch {

/// What decides the outcome of a training.
struct RunSpec {
  config::TrainSettings settings;  ///< without what it reads and writes
  std::string starts_from;         ///< key of the run whose model it begins with; empty: none
};

/// What came of a training.
struct RunRecord {
  nlohmann::ordered_json training;  ///< what attune train printed
  bool tested = false;              ///< whether the ranks on the test split are there

  /// Of the saved model, on validation.
  double Validation(const std::string& metric) const;
  /// The epoch of the saved model; 0 for a method that has none.
  std::uint32_t BestEpoch() const;
};

/// STUDY/runs: finished trainings, each in a directory named by a hash of its settings, the program and the
/// data, for whatever plan needs it. Threads: confined.
class RunStore : public KeptRuns {
 public:
  /// @param threads, launcher  of the study: they decide how numbers come about, too
  RunStore(const std::filesystem::path& study, const config::StudySettings::Running& running,
           const data::Dataset& dataset);

  /// 16 hexadecimal digits.
  std::string Key(const RunSpec& spec) const;
  std::filesystem::path Ranks(const std::string& key) const { return Directory(key) / "test.tsv"; }

  /// A finished run that is whole.
  std::optional<RunRecord> Find(const std::string& key) const;
  /// Whether a finished run has its model, whole: sizes and checksums are those of its manifest. A run with
  /// another is told of, and forgotten.
  bool HasModel(const std::string& key) const;

  /// The training has ended well: reads what it printed, and keeps the run from now on.
  /// Throws Error(kFailed) if that is not what a study needs.
  RunRecord KeepTraining(const std::string& key, const RunSpec& spec) const;
  /// Its evaluation has, too. Throws Error(kBadInput) if the ranks are not those of the test split.
  void KeepRanks(const std::string& key, const RunSpec& spec, RunRecord& record) const;

  /// Ranks of all targets of the test split, in order. Throws Error(kBadInput) naming file and line.
  std::vector<std::uint32_t> ReadRanks(const std::string& key) const;

  void RemoveModel(const std::string& key) const;

  const data::HeldOut& targets() const { return targets_; }

 private:
  void Write(const std::string& key, const RunSpec& spec, const RunRecord& record) const;

  const data::Dataset& dataset_;
  data::HeldOut targets_;
  nlohmann::ordered_json common_;  ///< what all runs of the study have in common
};

}  // namespace attune::launch
