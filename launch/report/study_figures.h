#pragma once

#include <string>
#include <vector>

#include "launch/page/chart.h"
#include "launch/report/study_file.h"

namespace attune::launch {

/// A figure of a study: one or two charts of the same series.
struct StudyFigure {
  std::string id;       ///< "by-dim", "by-cutoff", "by-history", "speed"
  std::string caption;  ///< plain text
  std::vector<Chart> charts;
  bool bars = false;
};

/// HR@100 and NDCG@100 against D (Figure 2 of the paper), against K (Figure 3), by the number of a user's
/// items (Figure 4), and the speed of training. A figure without series is left out.
std::vector<StudyFigure> StudyFigures(const StudyFile& study);

}  // namespace attune::launch
