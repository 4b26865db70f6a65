#include "launch/page/chart.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "launch/page/chart_parts.h"
#include "launch/page/html.h"

namespace attune::launch {
namespace {

class LineDrawing {
 public:
  explicit LineDrawing(const Chart& chart) : chart_(chart), scale_(MakeScale(chart)) {}

  std::string Svg() {
    svg_ = OpenedChart(frame_, "line chart", chart_.title, chart_.axis);
    svg_ += fmt::format("<text class=\"title\" x=\"{}\" y=\"15\">{}</text>\n", frame_.left,
                        Escaped(chart_.title));
    Grid();
    for (std::size_t n = 0; n < chart_.series.size(); ++n) Series(n);
    return svg_ + "</svg>\n";
  }

 private:
  static ChartScale MakeScale(const Chart& chart) {
    double low = HUGE_VAL;
    double high = -HUGE_VAL;
    for (const ChartSeries& series : chart.series) {
      for (const ChartPoint& point : series.points) {
        low = std::min(low, point.Low());
        high = std::max(high, point.High());
      }
    }
    return low > high ? ChartScale::Linear(0, 1, 5) : ChartScale::Linear(low, high, 6);
  }

  double Step() const { return frame_.inner_width() / static_cast<double>(chart_.ticks.size()); }
  double X(std::size_t at) const { return frame_.left + (static_cast<double>(at) + 0.5) * Step(); }
  double Y(double value) const { return DownAt(frame_, scale_, value); }

  /// Series stand a little beside each other, so that their error bars can be told apart.
  double Aside(std::size_t n) const {
    const auto count = static_cast<double>(chart_.series.size());
    return (static_cast<double>(n) - (count - 1) / 2) * std::min(4.5, 0.55 * Step() / count);
  }

  void Grid() {
    svg_ += LinesAcross(frame_, scale_, chart_.format);
    const double bottom = frame_.height - frame_.bottom;
    for (std::size_t at = 0; at < chart_.ticks.size(); ++at) {
      svg_ += fmt::format("<text class=\"middle\" x=\"{:.1f}\" y=\"{}\">{}</text>\n", X(at), bottom + 17,
                          Escaped(chart_.ticks[at]));
    }
    svg_ += fmt::format("<text class=\"middle soft\" x=\"{}\" y=\"{}\">{}</text>\n",
                        frame_.left + frame_.inner_width() / 2, frame_.height - 4, Escaped(chart_.axis));
  }

  void Series(std::size_t n) {
    const ChartSeries& series = chart_.series[n];
    svg_ += fmt::format("<g class=\"series {}\" data-series=\"{}\">\n", StyleClass(series.style),
                        Escaped(series.name));
    std::string path;
    for (const ChartPoint& point : series.points) {
      path +=
          fmt::format("{}{:.1f} {:.1f}", path.empty() ? "M" : "L", X(point.at) + Aside(n), Y(point.value));
    }
    if (series.points.size() > 1) svg_ += fmt::format("<path class=\"line\" d=\"{}\"/>\n", path);
    for (const ChartPoint& point : series.points) Point(series, point, X(point.at) + Aside(n));
    svg_ += "</g>\n";
  }

  void Point(const ChartSeries& series, const ChartPoint& point, double x) {
    svg_ += "<g class=\"point\">" + Hover(chart_, series.name, point);
    if (point.Low() < point.High()) {
      svg_ += fmt::format(
          "<path class=\"error\" d=\"M{0:.1f} {1:.1f}V{2:.1f}M{3:.1f} {1:.1f}h4M{3:.1f} {2:.1f}h4\"/>", x,
          Y(point.Low()), Y(point.High()), x - 2);
    }
    svg_ += fmt::format("<path class=\"mark\" transform=\"translate({:.1f} {:.1f})\" d=\"{}\"/></g>\n", x,
                        Y(point.value), Marker(series.style));
  }

  const Chart& chart_;
  const ChartFrame frame_{420, 310, 58, 8, 26, 44};
  const ChartScale scale_;
  std::string svg_;
};

class BarDrawing {
 public:
  explicit BarDrawing(const Chart& chart) : chart_(chart), points_(chart.series.at(0).points) {
    double least = HUGE_VAL;
    double greatest = 0;
    for (const ChartPoint& point : points_) {
      if (point.value > 0) least = std::min(least, point.value);
      greatest = std::max(greatest, point.value + point.error);
    }
    constexpr double kLogarithmicFrom = 50;
    log_ = greatest > kLogarithmicFrom * least;
    scale_ = greatest <= 0 ? ChartScale::Linear(0, 1, 4)
             : log_        ? ChartScale::Logarithmic(least / 2, greatest)  // the shortest bar is seen
                           : ChartScale::Linear(0, greatest, 4);
    frame_.height = frame_.top + frame_.bottom + kBar * static_cast<double>(chart.ticks.size());
  }

  std::string Svg() {
    svg_ = OpenedChart(frame_, "bar chart", chart_.title, chart_.axis);
    svg_ += fmt::format("<text class=\"title\" x=\"4\" y=\"15\">{}{}</text>\n", Escaped(chart_.title),
                        log_ ? " (logarithmic)" : "");
    for (const double tick : scale_.ticks()) {
      svg_ += fmt::format(
          "<line class=\"grid\" x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"{1}\" y2=\"{2}\"/>"
          "<text class=\"middle\" x=\"{0:.1f}\" y=\"{3}\">{4}</text>\n",
          X(tick), frame_.top, frame_.height - frame_.bottom, frame_.height - 6,
          TickText(tick, scale_, chart_.format));
    }
    for (std::size_t at = 0; at < chart_.ticks.size(); ++at) {
      svg_ += fmt::format("<text class=\"end\" x=\"{}\" y=\"{}\">{}</text>\n", frame_.left - 6,
                          Top(at) + kBar / 2 + 4, Escaped(chart_.ticks[at]));
    }
    for (const ChartPoint& point : points_) Bar(point);
    return svg_ + "</svg>\n";
  }

 private:
  static constexpr double kBar = 20;

  double X(double value) const { return frame_.left + scale_.At(value) * frame_.inner_width(); }
  double Top(std::size_t at) const { return frame_.top + kBar * static_cast<double>(at); }

  void Bar(const ChartPoint& point) {
    if (!(point.value > 0)) return;
    const double middle = Top(point.at) + kBar / 2;
    svg_ += "<g class=\"point bar\">" + Hover(chart_, "", point);
    svg_ += fmt::format("<rect x=\"{:.1f}\" y=\"{}\" width=\"{:.1f}\" height=\"{}\"/>", frame_.left,
                        Top(point.at) + 3, X(point.value) - frame_.left, kBar - 6);
    if (point.error > 0) {
      svg_ += fmt::format("<path class=\"error\" d=\"M{0:.1f} {2}H{1:.1f}M{0:.1f} {3}v6M{1:.1f} {3}v6\"/>",
                          X(point.value - point.error), X(point.value + point.error), middle, middle - 3);
    }
    svg_ += "</g>\n";
  }

  const Chart& chart_;
  const std::vector<ChartPoint>& points_;
  ChartFrame frame_{420, 0, 150, 20, 26, 26};
  ChartScale scale_ = ChartScale::Linear(0, 1, 4);
  bool log_ = false;
  std::string svg_;
};

}  // namespace

std::string LineChart(const Chart& chart) {
  return LineDrawing(chart).Svg();
}

std::string BarChart(const Chart& chart) {
  return BarDrawing(chart).Svg();
}

std::string ChartKey(const std::vector<ChartSeries>& series) {
  std::string html = "<ul class=\"key\">\n";
  for (const ChartSeries& one : series) {
    html += fmt::format(
        "<li data-series=\"{0}\"><svg viewBox=\"0 0 26 12\" aria-hidden=\"true\" class=\"{1}\">"
        "<path class=\"line\" d=\"M1 6H25\"/><path class=\"mark\" transform=\"translate(13 6)\" "
        "d=\"{2}\"/></svg>"
        "{0}</li>\n",
        Escaped(one.name), StyleClass(one.style), Marker(one.style));
  }
  return html + "</ul>\n";
}

}  // namespace attune::launch
