#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "common/config/scale.pb.h"
#include "common/config/train.pb.h"
#include "common/data/dataset.h"
#include "launch/scale/layout.h"

namespace attune::launch {

struct ScaleRun {
  std::size_t point = 0;
  unsigned repeat = 1;
};

/// Everything that attune scale does, decided before it starts.
struct ScalePlan {
  config::ScaleSettings settings;
  config::TrainSettings training;  ///< what all runs have in common, without what they read and write
  std::vector<ScalePoint> points;  ///< each once: strong ones, then those that are weak only
  std::vector<ScaleRun> order;     ///< repeat by repeat, the points of each shuffled

  /// "ranks-2.1": of a directory.
  std::string Name(const ScaleRun& run) const;
  /// Settings of a point's runs. Parts of the users are not evaluated: their models are not comparable.
  config::TrainSettings RunSettings(const ScalePoint& point) const;
  /// Words before the command, for layouts of several processes: the launcher with its numbers put in.
  std::vector<std::string> Launcher(const ScaleLayout& layout) const;
  bool Evaluates() const { return settings.measuring().evaluate_every() > 0; }
};

/// Checks all that can be known before the first run. Throws Error(kUsage) for settings that no run could
/// have, for series that make no sense (no layout of one process, more workers than the data has slices), and
/// for more runs than --max-runs.
ScalePlan MakeScalePlan(const config::ScaleSettings& settings, const data::Dataset& dataset);

/// Rough seconds of a run, for "about". @param processors  that runs share
double EstimateSeconds(const ScalePlan& plan, const ScalePoint& point, const data::Dataset& dataset,
                       unsigned processors);

}  // namespace attune::launch
