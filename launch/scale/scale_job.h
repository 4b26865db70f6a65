#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/data/dataset.h"
#include "launch/runs/process_pool.h"
#include "launch/scale/machine_limits.h"
#include "launch/scale/plan.h"
#include "launch/scale/run_files.h"

namespace attune::launch {

struct ScaleFailure {
  std::string run;
  std::string error;
};

struct ScaleOutcome {
  std::map<std::size_t, std::vector<ScaleRecord>> records;  ///< by point, those that were done
  std::vector<ScaleFailure> failures;
  std::uint64_t done = 0;    ///< runs that were done now
  std::uint64_t reused = 0;  ///< that were there already
  bool interrupted = false;
};

/// Does the runs of a plan, one after the other in its order, and measures the machine at the beginning of
/// each repeat that has something to do, and at the end. Threads: confined.
class ScaleJob {
 public:
  /// References must outlive the job.
  ScaleJob(const ScalePlan& plan, const data::Dataset& dataset, const std::filesystem::path& out,
           const RunFiles& files, MachineLimits& limits);

  /// Returns when all is done, or when a signal has come and what ran has ended.
  ScaleOutcome Run();

 private:
  /// False when this process is to end.
  bool Begin(const ScaleRun& run);
  bool Train(const ScaleRun& run);
  void End(const ScaleRun& run, const ProcessPool::Ended& ended, const std::string& part);
  /// Part of the data that a point trains, written if it is not there whole.
  std::filesystem::path DataOf(const ScalePoint& point);

  const ScalePlan& plan_;
  const data::Dataset& dataset_;
  const std::filesystem::path out_;
  const RunFiles& files_;
  MachineLimits& limits_;
  ProcessPool pool_;
  ScaleOutcome outcome_;
  std::set<std::filesystem::path> whole_parts_;  ///< that were looked at, or written now
  std::size_t number_ = 0;                       ///< of the run, for people
  std::optional<unsigned> measured_;             ///< repeat at whose beginning the machine was
};

}  // namespace attune::launch
