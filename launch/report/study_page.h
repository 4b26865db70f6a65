#pragma once

#include <string>
#include <vector>

#include "launch/page/table.h"
#include "launch/report/study_file.h"

namespace attune::launch {

/// One HTML page that refers to nothing outside itself: figures as SVG, sortable tables, what was skipped and
/// what has failed.
/// @param tables  of StudyTables()
std::string StudyPage(const StudyFile& study, const std::vector<Table>& tables);

}  // namespace attune::launch
