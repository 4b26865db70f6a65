#include "launch/page/report_page.h"

#include <algorithm>

#include "launch/page/html.h"

namespace attune::launch {

ReportPage::ReportPage(const std::string& title, std::vector<Figure> figures, std::vector<Table> tables)
    : title_(title),
      figures_(std::move(figures)),
      tables_(std::move(tables)),
      html_(PageHead(title, std::string(kChartStyle) + kTableStyle, true)) {}

void ReportPage::Header(const std::string& about) {
  Add("<header><h1>{}</h1>\n<p class=\"soft\">{}</p></header>\n<main>\n", Escaped(title_), Escaped(about));
}

void ReportPage::Section(const char* title, const std::vector<std::string>& figures,
                         const std::vector<std::string>& tables) {
  std::string content;
  for (const std::string& id : figures) content += FigureHtml(id);
  for (const std::string& id : tables) content += TableOf(id);
  if (!content.empty()) Add("<h2>{}</h2>\n{}", title, content);
}

void ReportPage::Folded(const std::string& table) {
  const std::string content = TableOf(table);
  if (!content.empty())
    Add("<details class=\"numbers\"><summary>The numbers</summary>\n{}</details>\n", content);
}

void ReportPage::List(const char* title, const std::string& list) {
  if (!list.empty()) Add("<h2>{}</h2>\n<ul>\n{}</ul>\n", title, list);
}

std::string ReportPage::Finish(const std::string& footer) {
  Add("</main>\n<footer>{}</footer>\n<script>{}{}</script>\n</body>\n</html>\n", Escaped(footer),
      kChartScript, kTableScript);
  return std::move(html_);
}

std::string ReportPage::FigureHtml(const std::string& id) const {
  const auto figure =
      std::find_if(figures_.begin(), figures_.end(), [&](const Figure& one) { return one.id == id; });
  if (figure == figures_.end()) return "";
  std::string html =
      fmt::format("<figure id=\"figure-{}\"><figcaption>{}</figcaption>\n<div class=\"charts\">\n", id,
                  Escaped(figure->caption));
  for (const Chart& chart : figure->charts) {
    html += figure->kind == Figure::Kind::kLines  ? LineChart(chart)
            : figure->kind == Figure::Kind::kBars ? BarChart(chart)
                                                  : StackedChart(chart);
  }
  html += "</div>\n";
  if (figure->kind != Figure::Kind::kBars) html += ChartKey(figure->charts[0].series);
  return html + "</figure>\n";
}

std::string ReportPage::TableOf(const std::string& id) const {
  const auto table =
      std::find_if(tables_.begin(), tables_.end(), [&](const Table& one) { return one.id == id; });
  return table == tables_.end() ? "" : TableHtml(*table);
}

}  // namespace attune::launch
