#include "launch/page/chart_parts.h"

#include <fmt/core.h>

#include <array>

#include "common/run/format.h"
#include "launch/page/html.h"

namespace attune::launch {
namespace {

constexpr std::size_t kColours = 10;  // of kChartStyle

constexpr std::array kMarkers = {"M-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z",             // circle
                                 "M-3.6 -3.6h7.2v7.2h-7.2z",                        // square
                                 "M0 -4.6L4.2 3.2H-4.2z",                           // triangle
                                 "M0 -4.8L4.8 0L0 4.8L-4.8 0z",                     // diamond
                                 "M0 4.6L4.2 -3.2H-4.2z",                           // triangle downwards
                                 "M-1.4 -4.4h2.8v3h3v2.8h-3v3h-2.8v-3h-3v-2.8h3z",  // plus
                                 "M-4.4 -1.5L0 -4.6L4.4 -1.5L2.7 3.8H-2.7z"};       // pentagon

}  // namespace

double DownAt(const ChartFrame& frame, const ChartScale& scale, double value) {
  return frame.top + (1 - scale.At(value)) * frame.inner_height();
}

std::string StyleClass(std::size_t style) {
  return fmt::format("c{}{}", style % kColours, style >= kColours ? " dashed" : "");
}

const char* Marker(std::size_t style) {
  return kMarkers[style % kMarkers.size()];
}

std::string OpenedChart(const ChartFrame& frame, std::string_view what, std::string_view title,
                        std::string_view axis) {
  return fmt::format("<svg class=\"chart\" viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">\n",
                     frame.width, frame.height, Escaped(fmt::format("{}: {}, by {}", what, title, axis)));
}

std::string TickText(double tick, const ChartScale& scale, NumberFormat format) {
  if (format == NumberFormat::kCount || scale.logarithmic()) return ChartNumber(tick, format);
  return fmt::format("{:.{}f}", tick + 0.0, scale.decimals());
}

std::string LinesAcross(const ChartFrame& frame, const ChartScale& scale, NumberFormat format) {
  std::string svg;
  for (const double tick : scale.ticks()) {
    const double y = DownAt(frame, scale, tick);
    svg += fmt::format(
        "<line class=\"grid\" x1=\"{0}\" x2=\"{1}\" y1=\"{2:.1f}\" y2=\"{2:.1f}\"/>"
        "<text class=\"end\" x=\"{3}\" y=\"{4:.1f}\">{5}</text>\n",
        frame.left, frame.width - frame.right, y, frame.left - 6, y + 4, TickText(tick, scale, format));
  }
  return svg;
}

std::string Hover(const Chart& chart, const std::string& series, const ChartPoint& point) {
  std::string text = fmt::format("{}{}{}: {}", series, series.empty() ? "" : ", ", chart.ticks[point.at],
                                 ChartNumber(point.value, chart.format));
  if (point.range) {
    text += fmt::format(" ({}–{})", ChartNumber(point.Low(), chart.format),
                        ChartNumber(point.High(), chart.format));
  } else if (point.error > 0) {
    text += fmt::format(" ± {}", ChartNumber(point.error, chart.format));
  }
  return fmt::format("<title>{}</title>", Escaped(text));
}

std::string ChartNumber(double value, NumberFormat format) {
  if (format == NumberFormat::kCount) return FormatCount(value);
  return fmt::format("{:.4g}", value);
}

}  // namespace attune::launch
