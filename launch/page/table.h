#pragma once

#include <array>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

/// Tables that are made once and written as HTML, CSV and LaTeX.
namespace attune::launch {

enum class ColumnKind {
  kText,
  kNumber,  ///< written as the cell's text; sorted, and in CSV, by its value
  kSpread,  ///< value ± deviation; two columns in CSV
  kRange,   ///< value (low–high); three columns in CSV
};

struct TableColumn {
  std::string title;
  ColumnKind kind = ColumnKind::kText;
};

struct TableCell {
  std::string text;             ///< for people
  std::optional<double> value;  ///< of numbers; absent: the cell is empty
  double deviation = 0;         ///< of kSpread
  double low = 0;               ///< of kRange, with high
  double high = 0;
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
/// @param texts  the three numbers for people
TableCell RangeCell(const std::array<double, 3>& value_low_high, const std::array<std::string, 3>& texts);
inline TableCell EmptyCell() {
  return {};
}

std::string TableHtml(const Table& table);
/// With a head; quoted where needed (RFC 4180); numbers with all their digits.
std::string TableCsv(const Table& table);
/// A table environment that needs no package.
std::string TableLatex(const Table& table);
/// Columns beside each other, for a terminal.
std::string TableText(const Table& table);

/// Writes each table as ID.csv and ID.tex; makes the directory. Throws Error(kFailed) if that fails.
/// @param ids  that there can be, where the directory is ours alone: the files of those that are not
///             among the tables are removed, so that none is left of other results
void WriteTables(const std::vector<Table>& tables, const std::filesystem::path& directory,
                 std::span<const char* const> ids = {});

extern const char* const kTableStyle;
extern const char* const kTableScript;

}  // namespace attune::launch
