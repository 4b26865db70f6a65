#include "launch/report/scale_figures.h"

#include <fmt/core.h>

#include <algorithm>
#include <set>

namespace attune::launch {
namespace {

using nlohmann::ordered_json;

constexpr const char* kSeries[] = {"threads", "ranks", "hosts"};
constexpr std::size_t kCeilingStyle = 8;

/// Whether a point is in a series: one process is the beginning of each.
bool IsOf(const ordered_json& point, const std::string& series) {
  const auto& layout = point.at("layout");
  return layout.at("series") == series || (layout.at("ranks") == 1 && layout.at("threads") == 1);
}

/// Numbers of workers of all points.
std::vector<unsigned> Workers(const ordered_json& results) {
  std::set<unsigned> workers;
  for (const auto& point : results.at("points")) workers.insert(point.at("workers").get<unsigned>());
  return {workers.begin(), workers.end()};
}

/// A line for each series, over the number of workers.
/// @param kind  "strong" or "weak"
/// @param key   of a spread in points
Chart Lines(const ordered_json& results, const std::string& title, const char* kind, const std::string& key) {
  const std::vector<unsigned> workers = Workers(results);
  Chart chart{title, "workers", {}, {}, NumberFormat::kPlain};
  for (const unsigned count : workers) chart.ticks.push_back(std::to_string(count));
  for (std::size_t style = 0; style < std::size(kSeries); ++style) {
    ChartSeries series{kSeries[style], {}, style};
    for (const auto& point : results.at("points")) {
      if (!point.at(kind).get<bool>() || !point.contains(key) || !IsOf(point, kSeries[style])) continue;
      const auto at = std::find(workers.begin(), workers.end(), point.at("workers").get<unsigned>());
      const auto& spread = point.at(key);
      series.points.push_back({static_cast<std::size_t>(at - workers.begin()), spread.at("median"), 0,
                               std::pair<double, double>(spread.at("min"), spread.at("max"))});
    }
    std::sort(series.points.begin(), series.points.end(),
              [](const ChartPoint& a, const ChartPoint& b) { return a.at < b.at; });
    const bool own =
        std::any_of(results.at("points").begin(), results.at("points").end(),
                    [&](const auto& point) { return point.at("layout").at("series") == kSeries[style]; });
    if (own && !series.points.empty()) chart.series.push_back(std::move(series));
  }
  return chart;
}

/// What efficiency can be at most where workers share processors.
void AddCeiling(const ordered_json& results, Chart& chart) {
  ChartSeries series{"as many as processors", {}, kCeilingStyle};
  for (const auto& point : results.at("points")) {
    if (!point.contains("ceiling")) continue;
    const std::string workers = std::to_string(point.at("workers").get<unsigned>());
    const auto at = static_cast<std::size_t>(std::find(chart.ticks.begin(), chart.ticks.end(), workers) -
                                             chart.ticks.begin());
    const bool there = std::any_of(series.points.begin(), series.points.end(),
                                   [&](const ChartPoint& other) { return other.at == at; });
    if (!there) series.points.push_back({at, point.at("ceiling"), 0});
  }
  std::sort(series.points.begin(), series.points.end(),
            [](const ChartPoint& a, const ChartPoint& b) { return a.at < b.at; });
  if (!series.points.empty()) chart.series.push_back(std::move(series));
}

Figure Both(const ordered_json& results, const char* id, const std::string& caption, const char* what,
            const std::string& strong_key, const std::string& weak_key) {
  Figure figure{id, caption, {}, Figure::Kind::kLines};
  for (const auto& [kind, key] : {std::pair("strong", strong_key), std::pair("weak", weak_key)}) {
    Chart chart = Lines(results, fmt::format("{}, {} series", what, kind), kind, key);
    if (!chart.series.empty()) figure.charts.push_back(std::move(chart));
  }
  return figure;
}

Figure Phases(const ordered_json& results) {
  Figure figure{
      "phases", "Where the time of worker threads goes, strong series.", {}, Figure::Kind::kStacked};
  Chart chart{"share of the time of worker threads", "layout", {}, {}, NumberFormat::kPlain};
  for (const auto& point : results.at("points")) {
    if (!point.at("strong").get<bool>()) continue;
    std::size_t style = 0;
    for (const auto& [phase, share] : point.at("phases").items()) {
      if (chart.series.size() <= style) chart.series.push_back({phase, {}, style});
      chart.series[style++].points.push_back({chart.ticks.size(), share.get<double>(), 0});
    }
    chart.ticks.push_back(point.at("layout").at("name"));
  }
  figure.charts.push_back(std::move(chart));
  return figure;
}

}  // namespace

std::vector<Figure> ScaleFigures(const ordered_json& results) {
  Figure throughput = Both(results, "throughput", "Throughput. Bars: least and most of the repeats.",
                           "triples a second", "triples_per_second", "triples_per_second");
  for (Chart& chart : throughput.charts) chart.format = NumberFormat::kCount;
  Figure efficiency = Both(
      results, "efficiency",
      "Efficiency: throughput of a worker, as a share of that of the best single process. Bars: least and "
      "most of the repeats.",
      "efficiency", "strong_efficiency", "weak_efficiency");
  for (Chart& chart : efficiency.charts) AddCeiling(results, chart);
  Figure quality{"quality",
                 "Seconds of training until the target is reached. Bars: least and most of the repeats.",
                 {Lines(results, "seconds to the target", "strong", "seconds_to_target")},
                 Figure::Kind::kLines};
  std::vector<Figure> figures = {std::move(throughput), std::move(efficiency), std::move(quality),
                                 Phases(results)};
  std::erase_if(
      figures, [](const Figure& figure) { return figure.charts.empty() || figure.charts[0].series.empty(); });
  return figures;
}

}  // namespace attune::launch
