#include "launch/status/status_page.h"

#include <fmt/core.h>

#include <cmath>
#include <filesystem>
#include <string_view>
#include <vector>

#include "common/eval/metrics.h"
#include "common/run/format.h"
#include "launch/page/chart.h"
#include "launch/page/html.h"
#include "launch/page/table.h"
#include "launch/page/trend_chart.h"
#include "launch/status/record_field.h"
#include "launch/status/status_page_style.h"
#include "launch/status/status_words.h"

namespace attune::launch {
namespace {

using nlohmann::ordered_json;

class Body {
 public:
  explicit Body(const JobStatus& status) : status_(status), history_(*status.history) {}

  std::string Html() {
    Heading();
    Problems();
    Bar();
    Cards();
    Charts();
    Processes();
    Checkpoints();
    Events();
    return std::move(html_);
  }

 private:
  template <typename... Args>
  void Add(fmt::format_string<Args...> format, Args&&... args) {
    html_ += fmt::format(format, std::forward<Args>(args)...);
  }

  void Heading() {
    const std::string title = TitleOf(status_);
    Add("<header><h1 data-title=\"{0}\">{0}</h1>\n<p class=\"soft\">{1}</p></header>\n", Escaped(title),
        Escaped(WhereaboutsOf(status_)));
  }

  void Problems() {
    const std::vector<std::string> problems = status_.Problems();
    if (problems.empty()) return;
    html_ += "<ul class=\"problems\" role=\"alert\">\n";
    for (const std::string& problem : problems) Add("<li>{}</li>\n", Escaped(problem));
    html_ += "</ul>\n";
  }

  void Bar() {
    const auto share = ShareDone(status_);
    if (!share) return;
    Add("<div class=\"bar\" role=\"progressbar\" aria-valuemin=\"0\" aria-valuemax=\"100\" "
        "aria-valuenow=\"{0:.0f}\" "
        "aria-label=\"epochs\"><div style=\"width: {0:.1f}%\"></div></div>\n",
        *share * 100);
  }

  void Cards() {
    html_ += "<dl class=\"cards\">\n";
    for (const StatusWords& words : WordsOf(status_)) {
      Add("<div><dt>{}</dt><dd class=\"large\">{}</dd>", Escaped(words.what), Escaped(words.value));
      if (!words.note.empty()) Add("<dd class=\"note\">{}</dd>", Escaped(words.note));
      html_ += "</div>\n";
    }
    html_ += "</dl>\n";
  }

  void Charts() {
    const std::vector<EpochPoint> epochs = history_.epochs.Points();
    const auto of_epochs = [&](const char* title, double EpochPoint::*value, NumberFormat format,
                               std::size_t style) {
      Trend trend{title, "epoch", {{title, {}, style}}, format};
      for (const EpochPoint& point : epochs)
        trend.series[0].points.push_back({static_cast<double>(point.epoch), point.*value});
      return TrendChart(trend);
    };
    std::string charts = of_epochs("loss", &EpochPoint::loss, NumberFormat::kPlain, 0);
    std::string key;
    charts += Quality(key);
    charts += of_epochs("triples a second", &EpochPoint::triples_per_second, NumberFormat::kCount, 2);
    charts +=
        of_epochs("staleness: 99 % of batches at most", &EpochPoint::stale_batches, NumberFormat::kCount, 3);
    if (charts.empty()) return;
    Add("<h2>Over the epochs</h2>\n<figure><div class=\"charts\">\n{}</div>\n{}", charts, key);
    if (history_.epochs.stride() > 1)
      Add("<figcaption class=\"soft\">One of {} epochs is drawn.</figcaption>\n", history_.epochs.stride());
    html_ += "</figure>\n";
  }

  /// One chart for each split. @param key  set to the names of its curves
  std::string Quality(std::string& key) const {
    std::string charts;
    for (const auto& [split, series] : history_.evaluations) {
      Trend trend{"on " + split, "epoch", {}, NumberFormat::kPlain};
      const std::vector<std::pair<const char*, double EvaluationPoint::*>> curves = {
          {"HR@10", &EvaluationPoint::hr_10},
          {"NDCG@10", &EvaluationPoint::ndcg_10},
          {"HR@100", &EvaluationPoint::hr_100},
          {"NDCG@100", &EvaluationPoint::ndcg_100}};
      std::vector<ChartSeries> names;
      for (std::size_t n = 0; n < curves.size(); ++n) {
        TrendSeries curve{curves[n].first, {}, n};
        for (const EvaluationPoint& point : series.Points())
          curve.points.push_back({static_cast<double>(point.epoch), point.*curves[n].second});
        trend.series.push_back(std::move(curve));
        names.push_back({curves[n].first, {}, n});
      }
      charts += TrendChart(trend);
      key = ChartKey(names);
    }
    return charts;
  }

  void Processes() {
    if (!status_.live || status_.live->processes.empty()) return;
    Table table{"processes", "Processes, as the scheduler knows them", {}, {}, false};
    table.columns = {{"process", ColumnKind::kText},     {"state", ColumnKind::kText},
                     {"triples/s", ColumnKind::kNumber}, {"leases", ColumnKind::kNumber},
                     {"memory", ColumnKind::kNumber},    {"heard", ColumnKind::kNumber}};
    const auto cell = [](std::string text, double value) { return TableCell{std::move(text), value, 0}; };
    for (const JobStatus::Process& process : status_.live->processes) {
      const scheduler::Survey::Process& what = process.what;
      table.rows.push_back({TextCell(what.where), TextCell(std::string(NameOf(what.state))),
                            process.triples_per_second
                                ? cell(FormatCount(*process.triples_per_second), *process.triples_per_second)
                                : EmptyCell(),
                            cell(std::to_string(what.leases), static_cast<double>(what.leases)),
                            cell(FormatBytes(what.memory), static_cast<double>(what.memory)),
                            cell(FormatDuration(what.silent_seconds) + " ago", what.silent_seconds)});
    }
    html_ += "<h2>Processes</h2>\n" + TableHtml(table);
    if (!status_.live->survey) return;
    const std::string changes = ChangesText(*status_.live->survey, status_);
    if (!changes.empty()) Add("<p>{}</p>\n", Escaped(changes));
  }

  void Checkpoints() {
    const RunHistory::Checkpoints& checkpoints = history_.checkpoints;
    if (checkpoints.written + checkpoints.failed == 0) return;
    Add("<h2>Checkpoints</h2>\n<p>{}</p>\n", Escaped(CheckpointText(status_)));
  }

  void Events() {
    if (history_.events.empty()) return;
    html_ += "<h2>Events</h2>\n<ul class=\"events\">\n";
    for (auto event = history_.events.rbegin(); event != history_.events.rend(); ++event) {
      Add("<li{}><time>{}</time>{}</li>\n", event->bad ? " class=\"bad\"" : "",
          Escaped(ShortTime(event->time)), Escaped(event->text));
    }
    html_ += "</ul>\n";
  }

  const JobStatus& status_;
  const RunHistory& history_;
  std::string html_;
};

}  // namespace

std::string StatusPageBody(const JobStatus& status) {
  return Body(status).Html();
}

std::string StatusPage(const JobStatus& status) {
  const bool live = status.live.has_value();
  std::string page =
      PageHead(TitleOf(status), std::string(kChartStyle) + kTableStyle + kStatusStyle, live, live);
  if (live)
    page +=
        "<p id=\"lost\" role=\"alert\" hidden>No answer for <span>0</span> s: the run has ended, or cannot "
        "be "
        "reached.</p>\n";
  page += "<main>\n" + StatusPageBody(status) + "</main>\n";
  page += fmt::format("<footer>attune {}; {}</footer>\n", Escaped(TextOf(status.history->start, "version")),
                      live ? "this page follows the run" : "made by attune status at " + Escaped(status.now));
  if (live) page += fmt::format("<script>{}</script>\n", kStatusScript);
  return page + "</body>\n</html>\n";
}

}  // namespace attune::launch
