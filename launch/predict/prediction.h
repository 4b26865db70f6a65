#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "launch/page/table.h"
#include "launch/predict/cluster_model.h"
#include "launch/predict/job_plan.h"

namespace attune::predict {

/// One number of hosts.
struct Prediction {
  Plan plan;
  Outcome outcome;
  double efficiency = 0;  ///< throughput of a host by that of a host alone
  double hours_of_epoch = 0;
  double kwh_of_epoch = 0;
};

/// What one input does to the greatest number of hosts.
struct Influence {
  std::string input;
  double half = 0, twice = 0;  ///< efficiency, if it were half or twice as much
};

/// The resource that is busiest beside the workers, and how much.
struct Limit {
  std::string name;
  double share = 0;
};
Limit LimitOf(const Outcome& outcome);

/// @param alone  triples a second of one host
Prediction Predict(const config::PredictSettings& settings, const Plan& plan, double alone);
std::vector<Prediction> PredictAll(const config::PredictSettings& settings, const Shape& shape,
                                   const Costs& costs);
std::vector<Influence> PredictInfluences(const config::PredictSettings& settings, const Shape& shape,
                                         const Costs& costs);

launch::Table TableOf(const std::vector<Prediction>& predictions);
launch::Table TableOf(const std::vector<Influence>& influences, unsigned hosts, double efficiency);
nlohmann::ordered_json ToJson(const std::vector<Prediction>& predictions);
nlohmann::ordered_json ToJson(const std::vector<Influence>& influences);
/// A table in columns of the same width.
std::string TextOf(const launch::Table& table);
/// A page with tables and figures.
std::string PageOf(const std::vector<Prediction>& predictions, const std::vector<Influence>& influences,
                   const std::string& title);

}  // namespace attune::predict
