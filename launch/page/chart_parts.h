#pragma once

#include <string>

#include "launch/page/chart.h"
#include "launch/page/chart_scale.h"

/// What the drawings of all kinds of charts share.
namespace attune::launch {

/// Of a chart's drawing, in units of its view box.
struct Frame {
  double width = 0, height = 0;
  double left = 0, right = 0, top = 0, bottom = 0;

  double inner_width() const { return width - left - right; }
  double inner_height() const { return height - top - bottom; }
};

/// Classes of kChartStyle for a series.
std::string StyleClass(std::size_t style);
/// Path of a series' marker, around (0, 0), about 8 wide.
const char* Marker(std::size_t style);
/// The beginning of the picture. @param what  "line chart"
std::string Opened(const Chart& chart, const Frame& frame, const std::string& what);
std::string TickText(double tick, const ChartScale& scale, NumberFormat format);
/// What is shown when a point is pointed at.
std::string Hover(const Chart& chart, const std::string& series, const ChartPoint& point);

}  // namespace attune::launch
