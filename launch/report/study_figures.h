#pragma once

#include <vector>

#include "launch/page/report_page.h"
#include "launch/report/study_file.h"

namespace attune::launch {

/// HR@100 and NDCG@100 against D (Figure 2 of the paper), against K (Figure 3), by the number of a user's
/// items (Figure 4), and the speed of training. A figure without series is left out.
std::vector<Figure> StudyFigures(const StudyFile& study);

/// Leaves series out that never reach half of a chart's greatest value, and says so in the caption: beside
/// them the others could not be told apart. None if they are more than the others. @param figure  of series
/// that have points
void MakeRoom(Figure& figure);

}  // namespace attune::launch
