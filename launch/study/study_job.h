#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/data/dataset.h"
#include "launch/runs/process_pool.h"
#include "launch/study/plan.h"
#include "launch/study/run_store.h"
#include "launch/study/study_outcome.h"
#include "launch/study/study_progress.h"

namespace attune::launch {

/// Runs a plan: every training and every evaluation is a process of its own, as many at a time as --jobs
/// says. The most expensive that can begin begins first. Threads: confined.
class StudyJob {
 public:
  /// References must outlive the job.
  StudyJob(const StudyPlan& plan, const data::Dataset& dataset, const RunStore& store);

  /// Returns when all is done, or when a signal has come and everything that ran has ended.
  StudyOutcome Run();

 private:
  enum class Stage { kTrial, kSeed, kTest };
  struct Task {
    std::size_t cell = 0;
    Stage stage = Stage::kTrial;
    std::size_t index = 0;  ///< of the trial or the seed
  };
  /// A process, and all tasks whose outcome it is: methods with equal settings share a training.
  struct Running {
    std::vector<Task> tasks;  ///< one or more, of the same key
    std::chrono::steady_clock::time_point began;
  };

  void BeginCell(std::size_t cell);
  void BeginDependents(std::size_t source);
  /// Its key is known from here on: a model that it would choose is kept.
  void Queue(const Task& task);
  void BeginTasks();
  /// Does the task at once if its outcome is there already, and waits with another that does the same; else
  /// starts its process.
  void Begin(const Task& task);
  void Start(const Task& task, const RunSpec& spec);
  /// The process that does the same as a task; null if none does.
  Running* SameAs(const Task& task);
  /// Whether the plan's numbers have it.
  bool IsCounted(const Task& task) const;
  /// The task has no process of its own.
  void Spare(const Task& task);
  void End(const ProcessPool::Ended& ended);
  void Done(const Task& task);
  void Failed(const Task& task, const std::string& error);
  /// What a process that has ended well has left. Throws Error if that is not what a study needs.
  RunRecord Outcome(const Task& task);
  void Choose(std::size_t cell);
  void SeedDone(std::size_t cell);

  static bool IsTest(const Task& task) { return task.stage == Stage::kTest; }
  StudyRun& RunOf(const Task& task);
  std::filesystem::path LogOf(const Task& task);
  RunSpec SpecOf(const Task& task) const;
  /// Whether another cell begins with its models.
  bool Provides(std::size_t cell) const;
  /// Whether the trials of another cell begin with the model of a trial: with --refit, with that of the
  /// chosen one.
  bool IsBegunWith(const Task& trial) const;
  bool IsThere(const Task& task, const std::string& key, std::optional<RunRecord>& record) const;
  std::string Name(const Task& task) const;
  std::vector<std::string> RunningNames() const;

  const StudyPlan& plan_;
  const data::Dataset& dataset_;
  const RunStore& store_;
  const CostModel costs_;
  const unsigned jobs_;
  const std::vector<std::string> launcher_;
  ProcessPool pool_;
  StudyProgress progress_;
  StudyOutcome outcome_;
  std::vector<Task> ready_;
  std::set<std::string> done_;              ///< keys of trainings that were done now
  std::map<std::size_t, Running> running_;  ///< by number of the process
  std::vector<std::size_t> waiting_;        ///< of each cell: tasks of the present stage that are not done
  std::size_t next_id_ = 0;
};

}  // namespace attune::launch
