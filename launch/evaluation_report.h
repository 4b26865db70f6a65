#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "common/eval/metrics.h"

namespace attune::launch {

/// One recommender's metrics, user by user.
struct EvaluationColumn {
  std::string name;
  std::vector<eval::UserMetrics> users;
};

/// What `attune evaluate` found: the first column is the model in question, the others are compared with it.
struct EvaluationReport {
  std::string split;
  std::string protocol;
  std::uint64_t items = 0;
  bool several_targets = false;  ///< some user has more than one: Recall says more than HR
  std::vector<EvaluationColumn> columns;
  EvaluationColumn baseline;                ///< held aside until all models are there
  std::vector<std::uint64_t> activity;      ///< training interactions of each user
  std::vector<std::uint32_t> group_bounds;  ///< empty: no table by activity
};

/// "8,16,32" as numbers. Throws Error(kUsage) unless they rise.
std::vector<std::uint32_t> ParseGroupBounds(const std::string& text);

std::string ReportText(const EvaluationReport& report);
nlohmann::ordered_json ReportJson(const EvaluationReport& report);

}  // namespace attune::launch
