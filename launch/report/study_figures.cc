#include "launch/report/study_figures.h"

#include <fmt/core.h>

#include <algorithm>
#include <functional>
#include <set>

#include "common/eval/metrics.h"
#include "launch/runs/words.h"

namespace attune::launch {
namespace {

using Result = StudyFile::Result;

/// Makes a chart with one series for each method that is in the figures.
/// @param value  of a method at a tick; false if it has none there
Chart MakeChart(const StudyFile& study, std::string title, std::string axis, std::vector<std::string> ticks,
                const std::function<bool(const StudyFile::Method&, std::size_t, Spread&)>& value) {
  Chart chart{std::move(title), std::move(axis), std::move(ticks), {}, NumberFormat::kPlain};
  for (const StudyFile::Method& method : study.methods()) {
    if (!method.everywhere) continue;
    ChartSeries series{method.title, {}, method.style};
    for (std::size_t at = 0; at < chart.ticks.size(); ++at) {
      Spread spread;
      if (value(method, at, spread)) series.points.push_back({at, spread.mean, spread.deviation});
    }
    if (!series.points.empty()) chart.series.push_back(std::move(series));
  }
  return chart;
}

double Greatest(const ChartSeries& series) {
  const auto by_value = [](const ChartPoint& a, const ChartPoint& b) { return a.value < b.value; };
  return std::max_element(series.points.begin(), series.points.end(), by_value)->value;
}

/// Names of series that never reach half of a chart's greatest value. None if they are more than the others.
std::set<std::string> FarBelow(const std::vector<Chart>& charts) {
  std::set<std::string> names;
  for (const Chart& chart : charts) {
    double greatest = 0;
    for (const ChartSeries& series : chart.series) greatest = std::max(greatest, Greatest(series));
    for (const ChartSeries& series : chart.series)
      if (Greatest(series) < greatest / 2) names.insert(series.name);
  }
  if (charts.empty() || 2 * names.size() > charts[0].series.size()) return {};
  return names;
}

Figure ByDim(const StudyFile& study) {
  Figure figure{"by-dim",
                "Figure 2: quality against the latent size D. Error bars: standard deviation over seeds.",
                {},
                Figure::Kind::kLines};
  std::vector<std::string> ticks;
  for (const std::uint32_t dim : study.dims()) ticks.push_back(std::to_string(dim));
  for (const std::string metric : {"hr@100", "ndcg@100"}) {
    figure.charts.push_back(MakeChart(study, eval::MetricTitle(metric), "D", ticks,
                                      [&](const auto& method, std::size_t at, Spread& spread) {
                                        const Result* const result = study.Find(method, study.dims()[at]);
                                        if (result != nullptr) spread = result->Metric(metric);
                                        return result != nullptr;
                                      }));
  }
  MakeRoom(figure);
  return figure;
}

Figure ByCutoff(const StudyFile& study) {
  Figure figure{
      "by-cutoff",
      fmt::format("Figure 3: quality against the length K of the list, at D = {}.", study.table_dim()),
      {},
      Figure::Kind::kLines};
  std::vector<std::string> ticks;
  for (std::size_t n = 0; n < eval::kCutoffs; ++n) ticks.push_back(std::to_string(eval::Cutoff(n)));
  for (const std::string kind : {"hr", "ndcg"}) {
    figure.charts.push_back(MakeChart(study, eval::MetricTitle(kind + "@") + "K", "K", ticks,
                                      [&](const auto& method, std::size_t at, Spread& spread) {
                                        const Result* const result = study.Find(method, study.table_dim());
                                        if (result != nullptr)
                                          spread = result->Metric(kind + "@" + ticks[at]);
                                        return result != nullptr;
                                      }));
  }
  return figure;
}

Figure ByHistory(const StudyFile& study) {
  Figure figure{"by-history",
                fmt::format("Figure 4: quality by the number of a user's training items, at D = {}.",
                            study.table_dim()),
                {},
                Figure::Kind::kLines};
  const auto& groups = study.json().at("groups");
  std::vector<std::string> ticks;
  std::vector<std::size_t> shown;  // groups that have users
  for (std::size_t n = 0; n < groups.size(); ++n) {
    if (groups.at(n).at("users").get<std::size_t>() == 0) continue;
    ticks.push_back(groups.at(n).at("training_items").get<std::string>());
    shown.push_back(n);
  }
  for (const std::string metric : {"hr@100", "ndcg@100"}) {
    figure.charts.push_back(MakeChart(study, eval::MetricTitle(metric), "training items of a user", ticks,
                                      [&](const auto& method, std::size_t at, Spread& spread) {
                                        const Result* const result = study.Find(method, study.table_dim());
                                        if (result != nullptr) spread = result->OfGroup(shown[at], metric);
                                        return result != nullptr;
                                      }));
  }
  return figure;
}

Figure Speed(const StudyFile& study) {
  Figure figure{"speed",
                fmt::format("Speed of training at D = {}; threads of a training: {}.", study.table_dim(),
                            study.json().at("settings").at("threads").get<int>()),
                {},
                Figure::Kind::kBars};
  for (const bool rate : {true, false}) {
    Chart chart{rate ? "triples a second" : "seconds of a training", "method", {}, {{}}, {}};
    if (rate) chart.format = NumberFormat::kCount;
    for (const StudyFile::Method& method : study.methods()) {
      const Result* const result = study.Find(method, study.table_dim());
      Spread spread;
      if (result == nullptr || !result->Training(rate ? "triples_per_second" : "seconds", spread)) continue;
      if (!(spread.mean > 0)) continue;
      chart.series[0].points.push_back({chart.ticks.size(), spread.mean, spread.deviation});
      chart.ticks.push_back(method.title);
    }
    if (!chart.ticks.empty()) figure.charts.push_back(std::move(chart));
  }
  return figure;
}

}  // namespace

void MakeRoom(Figure& figure) {
  const std::set<std::string> names = FarBelow(figure.charts);
  if (names.empty()) return;
  for (Chart& chart : figure.charts)
    std::erase_if(chart.series, [&](const ChartSeries& series) { return names.contains(series.name); });
  figure.caption += fmt::format(" Not drawn, with less than half of the best value: {}.",
                                JoinWords({names.begin(), names.end()}, ", "));
}

std::vector<Figure> StudyFigures(const StudyFile& study) {
  std::vector<Figure> figures = {ByDim(study), ByCutoff(study), ByHistory(study), Speed(study)};
  std::erase_if(
      figures, [](const Figure& figure) { return figure.charts.empty() || figure.charts[0].series.empty(); });
  return figures;
}

}  // namespace attune::launch
