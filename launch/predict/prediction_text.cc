#include <fmt/core.h>

#include <algorithm>

#include "common/run/format.h"
#include "launch/page/chart.h"
#include "launch/page/html.h"
#include "launch/predict/prediction.h"

namespace attune::predict {
namespace {

using launch::ColumnKind;
using launch::Table;
using launch::TableCell;

TableCell Number(double value, std::string text) {
  return {std::move(text), value, 0};
}
TableCell Percent(double share) {
  return Number(share, fmt::format("{:.0f} %", 100 * share));
}

/// Columns that a terminal shows: of characters, not bytes.
std::size_t WidthOf(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

launch::ChartSeries SeriesOf(const std::vector<Prediction>& predictions, const char* name, std::size_t style,
                             double (*value)(const Prediction&)) {
  launch::ChartSeries series{name, {}, style};
  for (std::size_t n = 0; n < predictions.size(); ++n) series.points.push_back({n, value(predictions[n]), 0});
  return series;
}

std::string Figure(const std::vector<Prediction>& predictions, const char* title, launch::NumberFormat format,
                   std::vector<launch::ChartSeries> series) {
  launch::Chart chart{title, "hosts", {}, std::move(series), format};
  for (const Prediction& one : predictions) chart.ticks.push_back(std::to_string(one.plan.scenario.hosts));
  return "<figure>" + launch::LineChart(chart) +
         (chart.series.size() > 1 ? launch::ChartKey(chart.series) : "") + "</figure>\n";
}

}  // namespace

Table TableOf(const std::vector<Prediction>& predictions) {
  Table table{"predictions", "Predicted", {}, {}};
  for (const char* title :
       {"hosts", "triples/s", "efficiency", "hours/epoch", "kWh/epoch", "memory/host", "batch",
        "bytes/triple", "round", "behind, batches", "behind", "workers", "gate", "rows", "leases"}) {
    table.columns.push_back({title, ColumnKind::kNumber});
  }
  table.columns.push_back({"busiest beside workers", ColumnKind::kText});
  for (const Prediction& one : predictions) {
    const Scenario& scenario = one.plan.scenario;
    const Outcome& outcome = one.outcome;
    const Limit limit = LimitOf(outcome);
    const double memory = one.plan.memory.sum();
    table.rows.push_back(
        {Number(scenario.hosts, std::to_string(scenario.hosts)),
         Number(outcome.triples_per_second, FormatCount(outcome.triples_per_second)),
         Number(one.efficiency, fmt::format("{:.3f}{}", one.efficiency, outcome.settled ? "" : "?")),
         Number(one.hours_of_epoch, fmt::format("{:.3g}", one.hours_of_epoch)),
         Number(one.kwh_of_epoch, fmt::format("{:.3g}", one.kwh_of_epoch)),
         Number(memory, FormatBytes(static_cast<std::uint64_t>(memory))),
         Number(scenario.batch_triples, fmt::format("{:.0f}", scenario.batch_triples)),
         Number(outcome.bytes_per_triple, fmt::format("{:.0f}", outcome.bytes_per_triple)),
         Number(outcome.round_seconds, fmt::format("{:.3g} ms", 1e3 * outcome.round_seconds)),
         Number(outcome.batches_behind_median, fmt::format("{:.0f}", outcome.batches_behind_median)),
         Number(outcome.seconds_behind_median, fmt::format("{:.3g} ms", 1e3 * outcome.seconds_behind_median)),
         Percent(outcome.busy.workers), Percent(outcome.gate_share), Percent(outcome.rows_share),
         Percent(outcome.lease_share),
         launch::TextCell(limit.share > 0 ? fmt::format("{} {:.0f} %", limit.name, 100 * limit.share)
                                          : "-")});
  }
  return table;
}

Table TableOf(const std::vector<Influence>& influences, unsigned hosts, double efficiency) {
  Table table{"sensitivity",
              fmt::format("Efficiency of {} hosts, which is {:.3f}, if an input were half or twice as much",
                          hosts, efficiency),
              {{"input", ColumnKind::kText}, {"half", ColumnKind::kNumber}, {"twice", ColumnKind::kNumber}},
              {}};
  for (const Influence& one : influences) {
    table.rows.push_back({launch::TextCell(one.input), Number(one.half, fmt::format("{:.3f}", one.half)),
                          Number(one.twice, fmt::format("{:.3f}", one.twice))});
  }
  return table;
}

std::string TextOf(const Table& table) {
  std::vector<std::size_t> widths;
  for (const launch::TableColumn& column : table.columns) widths.push_back(WidthOf(column.title));
  for (const auto& row : table.rows) {
    for (std::size_t n = 0; n < row.size(); ++n) widths[n] = std::max(widths[n], WidthOf(row[n].text));
  }
  std::string text;
  const auto add = [&](std::size_t n, const std::string& cell) {
    const std::string space(widths[n] - WidthOf(cell), ' ');
    const bool left = table.columns[n].kind == ColumnKind::kText;
    text += (n > 0 ? "  " : "") + (left ? cell + (n + 1 < widths.size() ? space : "") : space + cell);
  };
  for (std::size_t n = 0; n < table.columns.size(); ++n) add(n, table.columns[n].title);
  text += '\n';
  for (const auto& row : table.rows) {
    for (std::size_t n = 0; n < row.size(); ++n) add(n, row[n].text);
    text += '\n';
  }
  return text;
}

std::string PageOf(const std::vector<Prediction>& predictions, const std::vector<Influence>& influences,
                   const std::string& title) {
  std::string page = launch::PageHead(title, std::string(launch::kChartStyle) + launch::kTableStyle, true);
  page += "<h1>" + launch::Escaped(title) + "</h1>\n<main>\n";
  using launch::NumberFormat;
  page += Figure(predictions, "triples/s of all hosts", NumberFormat::kCount,
                 {SeriesOf(predictions, "predicted", 0,
                           [](const Prediction& one) { return one.outcome.triples_per_second; })});
  page +=
      Figure(predictions, "efficiency", NumberFormat::kPlain,
             {SeriesOf(predictions, "efficiency", 0, [](const Prediction& one) { return one.efficiency; })});
  page += Figure(
      predictions, "share of the time that something is busy", NumberFormat::kPlain,
      {SeriesOf(predictions, "workers", 0, [](const Prediction& one) { return one.outcome.busy.workers; }),
       SeriesOf(predictions, "network threads", 1,
                [](const Prediction& one) { return one.outcome.busy.network; }),
       SeriesOf(predictions, "transport threads", 2,
                [](const Prediction& one) { return one.outcome.busy.carrier; }),
       SeriesOf(predictions, "first host", 3,
                [](const Prediction& one) { return one.outcome.busy.scheduler; }),
       SeriesOf(predictions, "links", 4, [](const Prediction& one) {
         return std::max(one.outcome.busy.link_in, one.outcome.busy.link_out);
       })});
  page += launch::TableHtml(TableOf(predictions));
  if (!influences.empty()) {
    page += launch::TableHtml(
        TableOf(influences, predictions.back().plan.scenario.hosts, predictions.back().efficiency));
  }
  return page + "</main>\n<script>" + launch::kChartScript + launch::kTableScript +
         "</script>\n</body>\n</html>\n";
}

}  // namespace attune::predict
