#pragma once

#include <vector>

#include "launch/page/table.h"
#include "launch/report/study_file.h"

namespace attune::launch {

/// The tables of a study, in the order of the page: "data", "methods", "item-attention" (Table 2),
/// "attention-inputs" (Table 3), "tests", "cutoffs", "groups", "speed", "settings". One that has no row is
/// left out.
std::vector<Table> StudyTables(const StudyFile& study);

}  // namespace attune::launch
