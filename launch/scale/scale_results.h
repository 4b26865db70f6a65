#pragma once

#include <nlohmann/json.hpp>

#include "common/data/dataset.h"
#include "launch/scale/plan.h"
#include "launch/scale/scale_job.h"

namespace attune::launch {

inline constexpr const char* kScalingKind = "attune scaling";
inline constexpr std::int64_t kScalingVersion = 1;

/// OUT/results.json: docs/file-formats.md. Throws Error(kFailed) if there is no baseline, Error(kBadInput)
/// for runs that may not be compared.
/// @param processors  that the runs shared; 0 if they were on several hosts
nlohmann::ordered_json ScaleResults(const ScalePlan& plan, const ScaleOutcome& outcome,
                                    const data::Dataset& dataset, const RunIdentity& identity,
                                    const nlohmann::ordered_json& machine, unsigned processors);

}  // namespace attune::launch
