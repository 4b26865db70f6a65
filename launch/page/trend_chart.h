#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "launch/page/chart.h"

/// Charts of what changes over many steps: curves over a numeric axis, with the colours of other charts.
namespace attune::launch {

struct TrendPoint {
  double at = 0;
  double value = 0;
};

struct TrendSeries {
  std::string name;
  std::vector<TrendPoint> points;  ///< by `at`; values that are not finite interrupt the curve
  std::size_t style = 0;           ///< colour and marker
};

struct Trend {
  std::string title;
  std::string axis;  ///< "epoch"
  std::vector<TrendSeries> series;
  NumberFormat format = NumberFormat::kPlain;
};

/// Curves; with a mark at each point that says its value where they are few. Nothing without a finite value.
std::string TrendChart(const Trend& trend);

}  // namespace attune::launch
