#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "launch/page/chart.h"
#include "launch/page/chart_scale.h"

/// What the kinds of charts share. Of launch/page alone.
namespace attune::launch {

/// Of a chart's drawing, in units of its view box.
struct ChartFrame {
  double width = 0, height = 0;
  double left = 0, right = 0, top = 0, bottom = 0;

  double inner_width() const { return width - left - right; }
  double inner_height() const { return height - top - bottom; }
};

/// Where a scale's value stands, downwards.
double DownAt(const ChartFrame& frame, const ChartScale& scale, double value);

/// Colour and dashes of a series.
std::string StyleClass(std::size_t style);
/// A path around (0, 0), about 8 wide.
const char* Marker(std::size_t style);
/// The beginning of the drawing. @param what  "line chart"
std::string OpenedChart(const ChartFrame& frame, std::string_view what, std::string_view title,
                        std::string_view axis);
std::string TickText(double tick, const ChartScale& scale, NumberFormat format);
/// What is shown when a point is pointed at.
std::string Hover(const Chart& chart, const std::string& series, const ChartPoint& point);
/// Lines across, with their numbers on the left.
std::string LinesAcross(const ChartFrame& frame, const ChartScale& scale, NumberFormat format);

}  // namespace attune::launch
