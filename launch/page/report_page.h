#pragma once

#include <fmt/core.h>

#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "launch/page/chart.h"
#include "launch/page/table.h"

namespace attune::launch {

/// Some charts of the same series.
struct Figure {
  enum class Kind { kLines, kBars, kStacked };

  std::string id;       ///< of letters and '-'
  std::string caption;  ///< plain text
  std::vector<Chart> charts;
  Kind kind = Kind::kLines;
};

/// A page of figures and tables that refers to nothing outside itself. What a section names and is not there
/// is left out, and so is a section of which nothing is there. Threads: confined.
class ReportPage {
 public:
  /// @param title  plain text
  ReportPage(const std::string& title, std::vector<Figure> figures, std::vector<Table> tables);

  /// HTML as it is.
  template <typename... Args>
  void Add(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(html_), format, std::forward<Args>(args)...);
  }
  /// The heading of the page. @param about  plain text
  void Header(const std::string& about);
  void Section(const char* title, const std::vector<std::string>& figures,
               const std::vector<std::string>& tables);
  /// A long table behind a line that opens it.
  void Folded(const std::string& table);
  /// @param list  "<li>" elements
  void List(const char* title, const std::string& list);
  /// The end of the page. @param footer  plain text
  std::string Finish(const std::string& footer);

 private:
  std::string FigureHtml(const std::string& id) const;
  std::string TableOf(const std::string& id) const;

  const std::string title_;
  const std::vector<Figure> figures_;
  const std::vector<Table> tables_;
  std::string html_;
};

}  // namespace attune::launch
