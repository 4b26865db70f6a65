#include "launch/page/table.h"

#include <fmt/core.h>
#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <system_error>
#include <utility>

#include "common/error.h"
#include "common/io/output_file.h"
#include "launch/page/html.h"

namespace attune::launch {
namespace {

bool IsNumber(const TableColumn& column) {
  return column.kind != ColumnKind::kText;
}

/// Of UTF-8, without what goes on a letter begun.
std::size_t Letters(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

std::string CsvField(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

std::string CsvNumber(const std::optional<double>& value) {
  return value ? fmt::format("{}", *value) : "";
}

std::string LatexText(const std::string& text) {
  static const std::vector<std::pair<std::string_view, std::string_view>> replaced = {
      {"\\", "\\textbackslash{}"},
      {"&", "\\&"},
      {"%", "\\%"},
      {"$", "\\$"},
      {"#", "\\#"},
      {"_", "\\_"},
      {"{", "\\{"},
      {"}", "\\}"},
      {"~", "\\textasciitilde{}"},
      {"^", "\\textasciicircum{}"},
      {"<", "\\textless{}"},
      {">", "\\textgreater{}"},
      {"|", "\\textbar{}"},
      {"±", "$\\pm$"},
      {"–", "--"}};
  std::string latex;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t length = 1;
    std::string_view with = std::string_view(text).substr(at, 1);
    for (const auto& [from, to] : replaced) {
      if (text.compare(at, from.size(), from) != 0) continue;
      length = from.size();
      with = to;
      break;
    }
    latex += with;
    at += length;
  }
  return latex;
}

void RemoveTable(const std::filesystem::path& directory, const std::string& id) {
  for (const char* ending : {".csv", ".tex"}) {
    std::error_code error;
    const auto file = directory / (id + ending);
    std::filesystem::remove(file, error);
    if (error) ThrowFailed("{}: cannot remove: {}", file.string(), error.message());
  }
}

}  // namespace

TableCell TextCell(std::string text) {
  return {std::move(text), std::nullopt, 0};
}

TableCell NumberCell(double value, const char* format) {
  return {fmt::format(fmt::runtime(format), value), value, 0};
}

TableCell SpreadCell(double value, double deviation) {
  return {fmt::format("{:.4f} ± {:.4f}", value, deviation), value, deviation};
}

TableCell RangeCell(const std::array<double, 3>& value_low_high, const std::array<std::string, 3>& texts) {
  const auto& [value, low, high] = value_low_high;
  return {fmt::format("{} ({}–{})", texts[0], texts[1], texts[2]), value, 0, low, high};
}

std::string TableHtml(const Table& table) {
  std::string html = fmt::format(
      "<p class=\"caption\" id=\"{0}-caption\">{1}</p>\n<div class=\"wide\"><table class=\"sortable\" "
      "id=\"{0}\" "
      "aria-labelledby=\"{0}-caption\">\n<thead><tr>",
      table.id, Escaped(table.caption));
  for (const TableColumn& column : table.columns) {
    const std::string title = Escaped(column.title);
    html += fmt::format("<th scope=\"col\"{}>{}</th>", IsNumber(column) ? " class=\"number\"" : "",
                        table.sortable ? "<button type=\"button\">" + title + "</button>" : title);
  }
  html += "</tr></thead>\n<tbody>\n";
  for (const auto& row : table.rows) {
    html += "<tr>";
    for (std::size_t n = 0; n < row.size(); ++n) {
      const std::string value = row[n].value ? fmt::format(" data-value=\"{}\"", *row[n].value) : "";
      html += fmt::format("<td{}{}>{}</td>", IsNumber(table.columns[n]) ? " class=\"number\"" : "", value,
                          Escaped(row[n].text));
    }
    html += "</tr>\n";
  }
  return html + "</tbody></table></div>\n";
}

std::string TableCsv(const Table& table) {
  std::string csv;
  const auto end_line = [&] { csv.back() = '\n'; };
  for (const TableColumn& column : table.columns) {
    csv += CsvField(column.title) + ',';
    if (column.kind == ColumnKind::kSpread) csv += CsvField(column.title + " deviation") + ',';
    if (column.kind == ColumnKind::kRange)
      csv += CsvField(column.title + " low") + ',' + CsvField(column.title + " high") + ',';
  }
  end_line();
  for (const auto& row : table.rows) {
    for (std::size_t n = 0; n < row.size(); ++n) {
      csv += (IsNumber(table.columns[n]) ? CsvNumber(row[n].value) : CsvField(row[n].text)) + ',';
      if (table.columns[n].kind == ColumnKind::kSpread)
        csv += (row[n].value ? CsvNumber(row[n].deviation) : "") + ',';
      if (table.columns[n].kind == ColumnKind::kRange) {
        csv += row[n].value ? CsvNumber(row[n].low) + ',' + CsvNumber(row[n].high) : ",";
        csv += ',';
      }
    }
    end_line();
  }
  return csv;
}

std::string TableLatex(const Table& table) {
  std::string columns;
  std::string head;
  for (const TableColumn& column : table.columns) {
    columns += IsNumber(column) ? 'r' : 'l';
    head += (columns.size() == 1 ? "" : " & ") + LatexText(column.title);
  }
  std::string latex = fmt::format(
      "\\begin{{table}}\n\\caption{{{}}}\n\\label{{tab:{}}}\n\\centering\n\\begin{{tabular}}{{{}}}"
      "\n\\hline\n{} "
      "\\\\\n\\hline\n",
      LatexText(table.caption), table.id, columns, head);
  for (const auto& row : table.rows) {
    std::string line;
    for (std::size_t n = 0; n < row.size(); ++n) line += (n == 0 ? "" : " & ") + LatexText(row[n].text);
    latex += line + " \\\\\n";
  }
  return latex + "\\hline\n\\end{tabular}\n\\end{table}\n";
}

std::string TableText(const Table& table) {
  std::vector<std::vector<std::string>> lines(1);
  for (const TableColumn& column : table.columns) lines[0].push_back(column.title);
  for (const auto& row : table.rows) {
    lines.emplace_back();
    for (const TableCell& cell : row) lines.back().push_back(cell.text);
  }
  std::string text = table.caption + '\n';
  for (const auto& line : lines) {
    for (std::size_t n = 0; n < line.size(); ++n) {
      std::size_t width = 0;
      for (const auto& other : lines) width = std::max(width, Letters(other[n]));
      const std::string blanks(width - Letters(line[n]), ' ');
      text += (n == 0 ? "" : "  ") + (IsNumber(table.columns[n]) ? blanks + line[n] : line[n] + blanks);
    }
    text.erase(text.find_last_not_of(' ') + 1);
    text += '\n';
  }
  return text;
}

void WriteTables(const std::vector<Table>& tables, const std::filesystem::path& directory,
                 std::span<const char* const> ids) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) ThrowFailed("{}: cannot make this directory: {}", directory.string(), error.message());
  for (const Table& table : tables) {
    io::WriteFileAtomically(directory / (table.id + ".csv"), TableCsv(table));
    io::WriteFileAtomically(directory / (table.id + ".tex"), TableLatex(table));
  }
  for (const char* const id : ids) {
    const bool written =
        std::any_of(tables.begin(), tables.end(), [&](const Table& table) { return table.id == id; });
    if (!written) RemoveTable(directory, id);
  }
}

const char* const kTableStyle = R"css(
.caption { margin: 1rem 0 .4rem; color: var(--soft); }
.wide { overflow-x: auto; margin: 0 0 1.5rem; }
.sortable { border-bottom: 1px solid var(--line); }
.sortable thead { border-bottom: 1px solid var(--ink); border-top: 1px solid var(--ink); }
.sortable th, .sortable td { padding: .2rem .9rem .2rem .1rem; white-space: nowrap; }
.sortable tbody tr:hover { background: var(--card); }
.sortable button { font: inherit; font-weight: 600; color: inherit; background: none; border: 0; padding: 0; cursor: pointer; }
.sortable button:focus-visible { outline: 2px solid var(--plus); }
.sortable [aria-sort=ascending] button::after { content: " ▴"; } .sortable [aria-sort=descending] button::after { content: " ▾"; }
@media print { .wide { overflow: visible; } tr { break-inside: avoid; } thead { display: table-row-group; }
  .sortable th, .sortable td { padding: .1rem .7rem .1rem 0; } .numbers { display: none; } }
)css";

const char* const kTableScript = R"js(
for (const head of document.querySelectorAll('.sortable th')) {
  head.firstElementChild.addEventListener('click', () => {
    const body = head.closest('table').tBodies[0];
    const column = head.cellIndex;
    const down = head.getAttribute('aria-sort') !== 'descending' && head.classList.contains('number') ||
      head.getAttribute('aria-sort') === 'ascending';
    for (const other of head.parentNode.cells) other.removeAttribute('aria-sort');
    head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
    const key = (row) => row.cells[column].dataset.value;
    const compare = (a, b) => {
      if (!head.classList.contains('number'))
        return a.cells[column].textContent.localeCompare(b.cells[column].textContent, 'en', {numeric: true});
      return key(a) === undefined || key(b) === undefined ? (key(a) === undefined) - (key(b) === undefined)
        : key(a) - key(b);
    };
    body.append(...[...body.rows].sort((a, b) => down ? compare(b, a) : compare(a, b)));
  });
}
)js";

}  // namespace attune::launch
