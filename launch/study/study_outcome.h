#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "launch/study/run_store.h"

namespace attune::launch {

/// A training of a study and what came of it.
struct StudyRun {
  std::string key;
  std::optional<RunRecord> record;  ///< absent while it is not done, and if it has failed
  std::string error;                ///< why it has failed
};

/// What became of a cell of the plan.
struct CellOutcome {
  std::vector<StudyRun> trials;       ///< with the first seed
  std::optional<std::size_t> chosen;  ///< the trial that was best on validation; the first of equals
  std::vector<StudyRun> seeds;        ///< of the chosen settings
  std::string error;                  ///< why there is no result at all

  /// The first of those with the greatest metric on validation; nothing if all have failed.
  std::optional<std::size_t> BestTrial(const std::string& metric) const;
  /// Whether every seed has a model, so that another cell can begin with them.
  bool IsWhole() const;
  bool AllSeedsFailed() const;
  /// Whether it has chosen the training with this key, or may still do so.
  bool MayChoose(const std::string& key) const;
};

struct StudyOutcome {
  std::vector<CellOutcome> cells;  ///< as in the plan
  std::uint64_t trained = 0;       ///< trainings that were done now
  std::uint64_t reused = 0;        ///< that were there already
  std::uint64_t shared = 0;        ///< that are one of those which were done now, for another method
  bool interrupted = false;

  /// Whether a cell has chosen the training, or may still do so.
  bool MayChoose(const std::string& key) const;
};

}  // namespace attune::launch
