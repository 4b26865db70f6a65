#pragma once

#include <string>
#include <vector>

#include "common/config/predict.pb.h"
#include "launch/predict/scenario.h"

namespace attune::predict {

/// What a job trains on.
struct Shape {
  double users = 0;
  double items = 0;
  double interactions = 0;
  double slices = 0;  ///< 0: one per 32,768 interactions
  std::vector<PopularityBin> popularity;
  /// Items of histories that a triple's share of its visit reads; 0 for models without history.
  double history_of_triple = 0;
  /// Steps that rows take for a triple (launch::StepsOfTriple).
  double steps_of_triple = 2;
};

/// Reads --data, or makes the shape that is said. Throws Error.
Shape ShapeOf(const config::PredictSettings& settings, const Costs& costs);

/// "1,2,4": rising. Throws Error(kUsage).
std::vector<unsigned> ParseHosts(const std::string& text);

/// What a host of the job needs, bytes.
struct HostMemory {
  double items = 0;   ///< rows that it has
  double copies = 0;  ///< of rows that others have, too: what the exchange compares with
  double users = 0;
  double data = 0;  ///< interactions that it reads, mapped
  double sum() const { return items + copies + users + data; }
};

/// A number of hosts of the job that the settings say.
struct Plan {
  Scenario scenario;
  HostMemory memory;
};
Plan PlanJob(const config::PredictSettings& settings, const Shape& shape, const Costs& costs, unsigned hosts);

}  // namespace attune::predict
