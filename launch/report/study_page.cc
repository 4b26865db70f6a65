#include "launch/report/study_page.h"

#include <fmt/core.h>

#include "common/eval/metrics.h"
#include "launch/page/html.h"
#include "launch/page/report_page.h"
#include "launch/report/study_figures.h"
#include "launch/runs/words.h"

namespace attune::launch {
namespace {

constexpr const char* kAnew =
    "anew on training and validation interactions, for as many epochs as were best on validation, ";

class Page {
 public:
  Page(const StudyFile& study, const std::vector<Table>& tables)
      : study_(study), page_("Comparison of recommenders", StudyFigures(study), tables) {}

  std::string Html() {
    Header();
    page_.Section("Quality", {"by-dim"}, {"methods"});
    page_.Section("Length of the list", {"by-cutoff"}, {});
    page_.Folded("cutoffs");
    page_.Section("Users with short and long histories", {"by-history"}, {});
    page_.Folded("groups");
    page_.Section("What attention adds", {}, {"item-attention", "attention-inputs"});
    page_.Section("Is the best one better?", {}, {"tests"});
    page_.Section("Time", {"speed"}, {"speed"});
    page_.Section("Data and settings", {}, {"data", "settings"});
    page_.List("What is missing", Missing());
    return page_.Finish(
        fmt::format("Made by attune report from {}, which {} has written; data fingerprint {}.",
                    study_.path(), study_.json().at("created_by").get<std::string>(),
                    study_.json().at("data").at("fingerprint").get<std::string>()));
  }

 private:
  void Header() {
    const auto& data = study_.json().at("data");
    const auto& settings = study_.json().at("settings");
    page_.Header(fmt::format("{}: {} users, {} items, {} training interactions",
                             data.at("path").get<std::string>(), data.at("users").get<std::uint64_t>(),
                             data.at("items").get<std::uint64_t>(),
                             data.at("training").get<std::uint64_t>()));
    page_.Add("<p>{}</p>\n", Verdict());
    page_.Add(
        "<p class=\"soft\">Settings of each method were tuned with at most {} trials for each D, by {} on "
        "the validation split; the chosen ones were trained {}with {} seeds and measured once on the test "
        "split, where all items are ranked. Numbers are means over seeds ± standard deviation.</p>\n",
        settings.at("trials").get<std::uint64_t>(),
        Escaped(eval::MetricTitle(study_.json().at("metric").get<std::string>())),
        settings.value("refit", false) ? kAnew : "", settings.at("seeds").get<std::uint64_t>());
  }

  /// Titles of the methods that the best on validation was compared with, by what the test says of them.
  struct Others {
    std::string best;  ///< empty: nothing was compared
    std::size_t worse = 0;
    std::vector<std::string> equal;   ///< no significant difference
    std::vector<std::string> better;  ///< significantly better than the best on validation
  };

  Others Compared() const {
    constexpr double kSignificant = 0.05;
    Others others;
    for (const auto& test : study_.json().at("comparisons")) {
      if (test.at("dim") != study_.table_dim() || test.at("metric") != "ndcg@100") continue;
      others.best = study_.MethodNamed(test.at("best")).title;
      const std::string& title = study_.MethodNamed(test.at("other")).title;
      if (test.at("p").get<double>() >= kSignificant) {
        others.equal.push_back(title);
      } else if (test.at("mean_difference").get<double>() < 0) {
        others.better.push_back(title);
      } else {
        ++others.worse;
      }
    }
    return others;
  }

  /// What the page says in a sentence: the best at the D of the tables, and how others differ from it.
  std::string Verdict() const {
    const Others others = Compared();
    if (others.best.empty()) return "There is nothing to compare.";
    std::string text = fmt::format(
        "At D = {}, <strong>{}</strong> was best on validation. On the test it has a higher NDCG@100 than {} "
        "of {} others (paired t-test over users, p &lt; 0.05)",
        study_.table_dim(), Escaped(others.best), others.worse,
        others.worse + others.equal.size() + others.better.size());
    if (!others.better.empty())
      text += fmt::format("; <strong>a lower one than {}</strong>", Escaped(JoinWords(others.better, ", ")));
    if (!others.equal.empty())
      text += fmt::format("; there is no such difference to {}", Escaped(JoinWords(others.equal, ", ")));
    return text + ".";
  }

  /// What was skipped, and what has failed.
  std::string Missing() const {
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
    return list;
  }

  const StudyFile& study_;
  ReportPage page_;
};

}  // namespace

std::string StudyPage(const StudyFile& study, const std::vector<Table>& tables) {
  return Page(study, tables).Html();
}

}  // namespace attune::launch
