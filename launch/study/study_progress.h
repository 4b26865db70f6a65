#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/run/progress.h"
#include "launch/study/plan.h"

namespace attune::launch {

/// How far a study is: counts of runs, and the time left by what runs of the same cell have taken, or, before
/// there are any, by the cost model corrected by what the others have taken. Threads: confined.
class StudyProgress {
 public:
  enum class Kind { kTraining, kTest };

  StudyProgress(const StudyPlan& plan, const CostModel& costs, unsigned jobs,
                ProgressLine::Output output = ProgressLine::StandardError());
  /// Takes the line away.
  ~StudyProgress();
  StudyProgress(const StudyProgress&) = delete;
  StudyProgress& operator=(const StudyProgress&) = delete;

  void Finished(std::size_t cell, Kind kind, double seconds);
  /// So many will not be done: they are there already, or their cell has failed.
  void Spared(std::size_t cell, Kind kind, std::uint64_t count = 1);

  double SecondsLeft() const;
  /// "17/180 trainings  running: acf D=128 trial 2  3 min 2 s left"
  std::string Text(const std::vector<std::string>& running) const;
  /// Shows the text: on a terminal as its last line, else as a log line every ten seconds.
  void Show(const std::vector<std::string>& running);

 private:
  struct Work {
    double estimate = 0;  ///< seconds of one, before anything is known
    std::uint64_t left = 0;
    std::uint64_t timed = 0;
    double seconds = 0;  ///< of those timed
  };
  Work& Of(std::size_t cell, Kind kind) { return work_[2 * cell + (kind == Kind::kTest ? 1 : 0)]; }

  const unsigned jobs_;
  const ProgressLine::Output output_;
  std::vector<Work> work_;  ///< trainings and tests of each cell
  std::uint64_t trainings_ = 0;
  std::uint64_t trainings_left_ = 0;
  ProgressLine::Clock::time_point shown_;
};

}  // namespace attune::launch
