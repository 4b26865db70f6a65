#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/config/study.pb.h"
#include "common/config/train.pb.h"
#include "common/data/dataset.h"
#include "launch/study/method.h"

namespace attune::launch {

/// One method at one D: some settings are tried, the best are trained with every seed and tested.
struct StudyCell {
  const Method* method = nullptr;
  std::uint32_t dim = 0;                         ///< 0 for a method that has none
  std::vector<std::vector<SettingText>> trials;  ///< what varies between trials; one or more

  /// "svdpp D=64", "popularity".
  std::string Name() const;
};

struct SkippedMethod {
  const Method* method = nullptr;
  std::string reason;
};

/// Everything that a study does, decided before it starts.
struct StudyPlan {
  config::StudySettings settings;   ///< with the grid that is meant
  std::vector<std::uint32_t> dims;  ///< rising
  std::uint32_t table_dim = 0;      ///< one of dims
  std::vector<StudyCell> cells;     ///< a method's cells by D; a method that another begins with is before it
  std::vector<SkippedMethod> skipped;

  /// Trainings with the chosen settings: a method without random draws needs one.
  std::uint32_t Seeds(const StudyCell& cell) const;
  /// Whether what is tested is trained anew, on training and validation interactions.
  bool Refits() const { return settings.tuning().refit(); }
  /// Trainings of a cell: the first with the chosen settings is one of the trials, unless that is trained
  /// anew.
  std::uint64_t Trainings(const StudyCell& cell) const;
  /// Trainings of all cells together.
  std::uint64_t Runs() const;
  /// The settings of a run, but for what it reads and writes.
  config::TrainSettings RunSettings(const StudyCell& cell, std::size_t trial, std::uint64_t seed) const;
  /// The settings of a run that is tested: the same, unless the plan refits.
  /// @param epochs  after which the trial was best on validation
  config::TrainSettings TestedSettings(const StudyCell& cell, std::size_t trial, std::uint64_t seed,
                                       std::uint32_t epochs) const;
};

/// Checks everything that can be known before the first training. Methods that need features are skipped
/// where there are none. Throws Error(kUsage) for settings that no run could have, for a data set without
/// validation or test split, and for more runs than --max-runs, with their number and a rough time.
StudyPlan MakePlan(const config::StudySettings& settings, const data::Dataset& dataset);

/// Rough times, from the speed of one processor of 2025: for order and for "about".
class CostModel {
 public:
  CostModel(const StudyPlan& plan, const data::Dataset& dataset);
  /// Seconds of one training.
  double Training(const StudyCell& cell) const;
  /// Seconds of its evaluation on the test split.
  double Testing(const StudyCell& cell) const;
  /// Seconds of the whole plan with so many trainings at a time.
  double Total(const StudyPlan& plan, unsigned jobs) const;

 private:
  double Ranking(const StudyCell& cell) const;

  double triples_ = 0;  ///< of a training
  double evaluations_ = 0;
  double threads_ = 1;
  double users_ = 0;
  double items_ = 0;
  double interactions_ = 0;
  double content_ = 0;  ///< ContentUnits
};

/// Rough seconds of a triple on one thread. @param content  see ContentUnits
double SecondsOfTriple(const Method& method, std::uint32_t dim, double content);
/// Numbers of an item's components, in units of 49 x 64; 0 without content.
double ContentUnits(const data::Dataset& dataset);

/// Trainings at a time: --jobs, or as many as there are processors for.
unsigned JobsOf(const config::StudySettings& settings);

}  // namespace attune::launch
