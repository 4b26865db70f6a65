#pragma once

#include <nlohmann/json_fwd.hpp>

#include "common/data/dataset.h"
#include "launch/study/plan.h"
#include "launch/study/run_store.h"
#include "launch/study/study_outcome.h"

namespace attune::launch {

inline constexpr const char* kResultsKind = "attune study";
inline constexpr std::int64_t kResultsVersion = 1;

/// What STUDY/results.json holds (docs/file-formats.md): the data, the plan, and for each method and D the
/// metrics on the test split over seeds, by group of users, the settings that were chosen and the time it
/// took; and for each D paired t-tests over users between the method that was best on validation and each
/// other. Throws Error(kBadInput) if ranks cannot be read.
nlohmann::ordered_json StudyResults(const StudyPlan& plan, const StudyOutcome& outcome,
                                    const data::Dataset& dataset, const RunStore& store);

}  // namespace attune::launch
