#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// Charts as SVG for pages: lines with error bars, and bars. Colours and fonts are the page's (kChartStyle),
/// so that a chart follows it into the dark and onto paper.
namespace attune::launch {

/// How numbers stand at an axis.
enum class NumberFormat { kPlain, kCount };

struct ChartPoint {
  std::size_t at = 0;  ///< position among the chart's ticks
  double value = 0;
  double error = 0;                                     ///< half the length of the error bar; 0 draws none
  std::optional<std::pair<double, double>> range = {};  ///< its ends instead, where they are not as far

  double Low() const { return range ? range->first : value - error; }
  double High() const { return range ? range->second : value + error; }
};

struct ChartSeries {
  std::string name;
  std::vector<ChartPoint> points;  ///< by position
  std::size_t style = 0;           ///< colour and marker: the same in every chart of a page
};

struct Chart {
  std::string title;               ///< what the values are: "HR@100"
  std::string axis;                ///< what the ticks are: "D"
  std::vector<std::string> ticks;  ///< positions, at equal distances
  std::vector<ChartSeries> series;
  NumberFormat format = NumberFormat::kPlain;
};

/// Lines over the ticks. What is shown when a point is pointed at: series, tick, value ± error. The value
/// axis covers all values with their errors, and need not begin at 0.
std::string LineChart(const Chart& chart);

/// One bar a tick, downwards, of the chart's only series, on a logarithmic axis where values differ by more
/// than fifty times. Values of 0 or less have no bar.
std::string BarChart(const Chart& chart);

/// One bar a tick, downwards, of all series one after the other: parts of a whole. Values are shares.
std::string StackedChart(const Chart& chart);

/// The names of the series with their colours and markers, as a list. Pointing at one brings its lines out
/// (kChartScript).
std::string ChartKey(const std::vector<ChartSeries>& series);

/// "0.1432", "1.23 M".
std::string ChartNumber(double value, NumberFormat format);

extern const char* const kChartStyle;
extern const char* const kChartScript;

}  // namespace attune::launch
