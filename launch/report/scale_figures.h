#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "launch/page/report_page.h"

namespace attune::launch {

/// "throughput" and "efficiency" against the number of workers, in strong and weak series; "quality", seconds
/// until the target; "phases" of a step. A figure without points is left out.
std::vector<Figure> ScaleFigures(const nlohmann::ordered_json& results);

}  // namespace attune::launch
