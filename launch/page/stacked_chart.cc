#include <fmt/core.h>

#include "launch/page/chart.h"
#include "launch/page/chart_parts.h"
#include "launch/page/chart_scale.h"
#include "launch/page/html.h"

namespace attune::launch {
namespace {

class StackedDrawing {
 public:
  explicit StackedDrawing(const Chart& chart) : chart_(chart) {
    frame_.height = frame_.top + frame_.bottom + kBar * static_cast<double>(chart.ticks.size());
  }

  std::string Svg() {
    svg_ = OpenedChart(frame_, "stacked bar chart", chart_.title, chart_.axis);
    svg_ += fmt::format("<text class=\"title\" x=\"4\" y=\"15\">{}</text>\n", Escaped(chart_.title));
    for (const double tick : scale_.ticks()) {
      svg_ += fmt::format("<text class=\"middle\" x=\"{:.1f}\" y=\"{}\">{:.0f} %</text>\n", X(tick),
                          frame_.height - 6, 100 * tick);
    }
    for (std::size_t at = 0; at < chart_.ticks.size(); ++at) {
      svg_ += fmt::format("<text class=\"end\" x=\"{}\" y=\"{}\">{}</text>\n", frame_.left - 6,
                          Top(at) + kBar / 2 + 4, Escaped(chart_.ticks[at]));
    }
    std::vector<double> filled(chart_.ticks.size(), 0);
    for (const ChartSeries& series : chart_.series) Series(series, filled);
    return svg_ + "</svg>\n";
  }

 private:
  static constexpr double kBar = 22;

  double X(double share) const { return frame_.left + scale_.At(share) * frame_.inner_width(); }
  double Top(std::size_t at) const { return frame_.top + kBar * static_cast<double>(at); }

  /// @param filled  by tick, what the series before have taken
  void Series(const ChartSeries& series, std::vector<double>& filled) {
    svg_ += fmt::format("<g class=\"series {}\" data-series=\"{}\">\n", StyleClass(series.style),
                        Escaped(series.name));
    for (const ChartPoint& point : series.points) {
      const double from = filled[point.at];
      filled[point.at] += point.value;
      svg_ += "<g class=\"point stacked\">" + Hover(chart_, series.name, point);
      svg_ += fmt::format("<rect x=\"{:.1f}\" y=\"{}\" width=\"{:.1f}\" height=\"{}\"/></g>\n", X(from),
                          Top(point.at) + 3, X(from + point.value) - X(from), kBar - 6);
    }
    svg_ += "</g>\n";
  }

  const Chart& chart_;
  ChartFrame frame_{420, 0, 110, 20, 26, 26};
  const ChartScale scale_ = ChartScale::Linear(0, 1, 5);
  std::string svg_;
};

}  // namespace

std::string StackedChart(const Chart& chart) {
  return StackedDrawing(chart).Svg();
}

}  // namespace attune::launch
