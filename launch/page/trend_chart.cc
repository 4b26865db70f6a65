#include "launch/page/trend_chart.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "launch/page/chart_parts.h"
#include "launch/page/html.h"

namespace attune::launch {
namespace {

/// A series of more points is a line without marks.
constexpr std::size_t kMostMarks = 64;

class TrendDrawing {
 public:
  explicit TrendDrawing(const Trend& trend) : trend_(trend) {
    for (const TrendSeries& series : trend.series) {
      for (const TrendPoint& point : series.points) {
        if (!std::isfinite(point.value)) continue;
        left_ = std::min(left_, point.at);
        right_ = std::max(right_, point.at);
        low_ = std::min(low_, point.value);
        high_ = std::max(high_, point.value);
      }
    }
  }

  std::string Svg() {
    if (low_ > high_) return "";
    across_ = ChartScale::Linear(left_, right_, 5);
    down_ = ChartScale::Linear(low_, high_, 5);
    svg_ = OpenedChart(kFrame, "line chart", trend_.title, trend_.axis);
    svg_ += fmt::format("<text class=\"title\" x=\"{}\" y=\"15\">{}</text>\n", kFrame.left,
                        Escaped(trend_.title));
    svg_ += LinesAcross(kFrame, down_, trend_.format);
    const double bottom = kFrame.height - kFrame.bottom;
    for (const double tick : across_.ticks()) {
      svg_ += fmt::format("<text class=\"middle\" x=\"{:.1f}\" y=\"{}\">{}</text>\n", X(tick), bottom + 17,
                          TickText(tick, across_, NumberFormat::kPlain));
    }
    svg_ += fmt::format("<text class=\"middle soft\" x=\"{}\" y=\"{}\">{}</text>\n",
                        kFrame.left + kFrame.inner_width() / 2, kFrame.height - 4, Escaped(trend_.axis));
    for (const TrendSeries& series : trend_.series) Series(series);
    return svg_ + "</svg>\n";
  }

 private:
  static constexpr ChartFrame kFrame{420, 250, 58, 14, 26, 44};

  double X(double at) const { return kFrame.left + across_.At(at) * kFrame.inner_width(); }
  double Y(double value) const { return DownAt(kFrame, down_, value); }

  void Series(const TrendSeries& series) {
    svg_ += fmt::format("<g class=\"series {}\" data-series=\"{}\">\n", StyleClass(series.style),
                        Escaped(series.name));
    std::string path;
    const char* step = "M";
    for (const TrendPoint& point : series.points) {
      const bool finite = std::isfinite(point.value);
      if (finite) path += fmt::format("{}{:.1f} {:.1f}", step, X(point.at), Y(point.value));
      step = finite ? "L" : "M";
    }
    svg_ += fmt::format("<path class=\"line\" d=\"{}\"/>\n", path);
    if (series.points.size() <= kMostMarks) {
      for (const TrendPoint& point : series.points) Mark(series, point);
    }
    svg_ += "</g>\n";
  }

  void Mark(const TrendSeries& series, const TrendPoint& point) {
    if (!std::isfinite(point.value)) return;
    const std::string said = fmt::format("{}, {} {}: {}", series.name, trend_.axis, point.at,
                                         ChartNumber(point.value, trend_.format));
    svg_ += fmt::format(
        "<g class=\"point\"><title>{}</title><path class=\"mark\" transform=\"translate({:.1f} {:.1f})\" "
        "d=\"{}\"/></g>\n",
        Escaped(said), X(point.at), Y(point.value), Marker(series.style));
  }

  const Trend& trend_;
  double left_ = HUGE_VAL, right_ = -HUGE_VAL, low_ = HUGE_VAL, high_ = -HUGE_VAL;
  ChartScale across_ = ChartScale::Linear(0, 1, 5);
  ChartScale down_ = ChartScale::Linear(0, 1, 5);
  std::string svg_;
};

}  // namespace

std::string TrendChart(const Trend& trend) {
  return TrendDrawing(trend).Svg();
}

}  // namespace attune::launch
