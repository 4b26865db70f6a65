#pragma once

#include <optional>
#include <string>
#include <vector>

/// Tables that are made once and written as HTML, CSV and LaTeX.
namespace attune::launch {

enum class ColumnKind {
  kText,
  kNumber,  ///< written as the cell's text; sorted, and in CSV, by its value
  kSpread,  ///< value ± deviation; two columns in CSV
};

struct TableColumn {
  std::string title;
  ColumnKind kind = ColumnKind::kText;
};

struct TableCell {
  std::string text;             ///< for people
  std::optional<double> value;  ///< of numbers; absent: the cell is empty
  double deviation = 0;         ///< of kSpread
};

struct Table {
  std::string id;       ///< of letters, digits and '-': names its files, too
  std::string caption;  ///< one line
  std::vector<TableColumn> columns;
  std::vector<std::vector<TableCell>> rows;  ///< each as wide as there are columns
  bool sortable = true;                      ///< by its heads, where kTableScript is on the page
};

TableCell TextCell(std::string text);
/// @param format  "{:.4f}"
TableCell NumberCell(double value, const char* format = "{:.4f}");
TableCell SpreadCell(double value, double deviation);
inline TableCell EmptyCell() {
  return {};
}

std::string TableHtml(const Table& table);
/// With a head; quoted where needed (RFC 4180); numbers with all their digits.
std::string TableCsv(const Table& table);
/// A table environment that needs no package.
std::string TableLatex(const Table& table);

extern const char* const kTableStyle;
extern const char* const kTableScript;

}  // namespace attune::launch
