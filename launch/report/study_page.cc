#include "launch/report/study_page.h"

#include <fmt/core.h>

#include <algorithm>

#include "common/eval/metrics.h"
#include "launch/page/chart.h"
#include "launch/page/html.h"
#include "launch/report/study_figures.h"

namespace attune::launch {
namespace {

class Page {
 public:
  Page(const StudyFile& study, const std::vector<Table>& tables)
      : study_(study), tables_(tables), figures_(StudyFigures(study)) {}

  std::string Html() {
    html_ = PageHead("Comparison of recommenders", std::string(kChartStyle) + kTableStyle, true);
    Header();
    html_ += "<main>\n";
    Section("Quality", {"by-dim"}, {"methods"});
    Section("Length of the list", {"by-cutoff"}, {});
    Folded("cutoffs");
    Section("Users with short and long histories", {"by-history"}, {});
    Folded("groups");
    Section("What attention adds", {}, {"item-attention", "attention-inputs"});
    Section("Is the best one better?", {}, {"tests"});
    Section("Time", {"speed"}, {"speed"});
    Section("Data and settings", {}, {"data", "settings"});
    LeftOut();
    html_ += "</main>\n";
    Footer();
    html_ += fmt::format("<script>{}{}</script>\n</body>\n</html>\n", kChartScript, kTableScript);
    return std::move(html_);
  }

 private:
  template <typename... Args>
  void Add(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(html_), format, std::forward<Args>(args)...);
  }

  void Header() {
    const auto& data = study_.json().at("data");
    const auto& settings = study_.json().at("settings");
    Add("<header><h1>Comparison of recommenders</h1>\n<p class=\"soft\">{}: {} users, {} items, {} training "
        "interactions</p></header>\n",
        Escaped(data.at("path").get<std::string>()), data.at("users").get<std::uint64_t>(),
        data.at("items").get<std::uint64_t>(), data.at("training").get<std::uint64_t>());
    html_ += "<p>" + Verdict() + "</p>\n";
    Add("<p class=\"soft\">Settings of each method were tuned with at most {} trials for each D, by {} on "
        "the validation "
        "split; the chosen ones were trained with {} seeds and measured once on the test split, where all "
        "items are "
        "ranked. Numbers are means over seeds ± standard deviation.</p>\n",
        settings.at("trials").get<std::uint64_t>(),
        Escaped(eval::MetricTitle(study_.json().at("metric").get<std::string>())),
        settings.at("seeds").get<std::uint64_t>());
  }

  /// What the page says in a sentence: the best at the D of the tables, and which others it beats.
  std::string Verdict() const {
    std::string best;
    std::vector<std::string> equals;
    std::size_t others = 0;
    for (const auto& test : study_.json().at("comparisons")) {
      if (test.at("dim") != study_.table_dim() || test.at("metric") != "ndcg@100") continue;
      best = study_.MethodNamed(test.at("best")).title;
      ++others;
      constexpr double kSignificant = 0.05;
      if (test.at("p").get<double>() >= kSignificant || test.at("mean_difference").get<double>() <= 0)
        equals.push_back(study_.MethodNamed(test.at("other")).title);
    }
    if (best.empty()) return "There is nothing to compare.";
    std::string text = fmt::format(
        "At D = {}, <strong>{}</strong> was best on validation. On the test it has a higher NDCG@100 than {} "
        "of {} "
        "others (paired t-test over users, p &lt; 0.05)",
        study_.table_dim(), Escaped(best), others - equals.size(), others);
    if (equals.empty()) return text + ".";
    text += "; there is no such difference to ";
    for (std::size_t n = 0; n < equals.size(); ++n) text += (n == 0 ? "" : ", ") + Escaped(equals[n]);
    return text + ".";
  }

  void Section(const char* title, const std::vector<std::string>& figures,
               const std::vector<std::string>& tables) {
    std::string content;
    for (const std::string& id : figures) content += Figure(id);
    for (const std::string& id : tables) content += TableOf(id);
    if (!content.empty()) Add("<h2>{}</h2>\n{}", title, content);
  }

  std::string Figure(const std::string& id) const {
    const auto figure =
        std::find_if(figures_.begin(), figures_.end(), [&](const auto& one) { return one.id == id; });
    if (figure == figures_.end()) return "";
    std::string html =
        fmt::format("<figure id=\"figure-{}\"><figcaption>{}</figcaption>\n<div class=\"charts\">\n", id,
                    Escaped(figure->caption));
    for (const Chart& chart : figure->charts) html += figure->bars ? BarChart(chart) : LineChart(chart);
    html += "</div>\n";
    if (!figure->bars) html += ChartKey(figure->charts[0].series);
    return html + "</figure>\n";
  }

  std::string TableOf(const std::string& id) const {
    const auto table =
        std::find_if(tables_.begin(), tables_.end(), [&](const auto& one) { return one.id == id; });
    return table == tables_.end() ? "" : TableHtml(*table);
  }

  /// A long table behind a line that opens it.
  void Folded(const std::string& id) {
    const std::string table = TableOf(id);
    if (!table.empty())
      Add("<details class=\"numbers\"><summary>The numbers</summary>\n{}</details>\n", table);
  }

  void LeftOut() {
    std::string list;
    for (const StudyFile::Method& method : study_.methods()) {
      if (!method.skipped.empty())
        list += fmt::format("<li>{} was skipped: {}</li>\n", Escaped(method.title), Escaped(method.skipped));
    }
    for (const auto& failure : study_.json().at("failures")) {
      const auto& dim = failure.at("dim");
      list += fmt::format(
          "<li>{}{}, {}, has failed: {}</li>\n", Escaped(study_.MethodNamed(failure.at("method")).title),
          dim.is_null() ? "" : fmt::format(" at D = {}", dim.get<int>()),
          Escaped(failure.at("what").get<std::string>()), Escaped(failure.at("error").get<std::string>()));
    }
    if (!list.empty()) Add("<h2>What is missing</h2>\n<ul>\n{}</ul>\n", list);
  }

  void Footer() {
    Add("<footer>Made by attune report from {}, which {} has written; data fingerprint {}.</footer>\n",
        Escaped(study_.path()), Escaped(study_.json().at("created_by").get<std::string>()),
        Escaped(study_.json().at("data").at("fingerprint").get<std::string>()));
  }

  const StudyFile& study_;
  const std::vector<Table>& tables_;
  const std::vector<StudyFigure> figures_;
  std::string html_;
};

}  // namespace

std::string StudyPage(const StudyFile& study, const std::vector<Table>& tables) {
  return Page(study, tables).Html();
}

}  // namespace attune::launch
