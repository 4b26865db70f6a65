#pragma once

#include <vector>

#include "launch/page/table.h"
#include "launch/report/study_file.h"

namespace attune::launch {

/// Ids of all tables that a study can have, in the order of the page; "item-attention" is Table 2,
/// "attention-inputs" Table 3.
inline constexpr const char* kStudyTables[] = {"data",    "methods", "item-attention", "attention-inputs",
                                               "tests",   "cutoffs", "groups",         "speed",
                                               "settings"};

/// The tables of a study, in this order. One that has no row is left out.
std::vector<Table> StudyTables(const StudyFile& study);

}  // namespace attune::launch
