#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>

#include "launch/page/chart.h"
#include "launch/page/chart_scale.h"
#include "launch/page/html.h"
#include "launch/page/table.h"
#include "tests/support/temporary_directory.h"

namespace attune::launch {
namespace {

std::size_t Count(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

TEST(ChartScale, LinearTicksAreRoundAndCoverTheValues) {
  const auto scale = ChartScale::Linear(0.472, 0.561, 6);
  EXPECT_NEAR(scale.ticks().front(), 0.46, 1e-12);
  EXPECT_NEAR(scale.ticks().back(), 0.58, 1e-12);
  for (std::size_t n = 1; n < scale.ticks().size(); ++n)
    EXPECT_NEAR(scale.ticks()[n] - scale.ticks()[n - 1], 0.02, 1e-12);
  EXPECT_EQ(scale.At(scale.ticks().front()), 0);
  EXPECT_EQ(scale.At(scale.ticks().back()), 1);
  EXPECT_NEAR(scale.At(0.52), 0.5, 1e-9);
  EXPECT_EQ(scale.At(7), 1);
  EXPECT_EQ(scale.decimals(), 2);
  EXPECT_EQ(ChartScale::Linear(0, 40, 4).decimals(), 0);
}

TEST(ChartScale, OneValueHasRoomOnBothSides) {
  for (const double value : {0.0, 0.25, -3.0, 1e9}) {
    const auto scale = ChartScale::Linear(value, value, 5);
    EXPECT_LT(scale.ticks().front(), value);
    EXPECT_GT(scale.ticks().back(), value);
    EXPECT_LE(scale.ticks().size(), 12u);
  }
}

TEST(ChartScale, LogarithmicTicksArePowersOfTen) {
  const auto scale = ChartScale::Logarithmic(3e4, 4e6);
  EXPECT_EQ(scale.ticks(), (std::vector<double>{1e4, 1e5, 1e6, 1e7}));
  EXPECT_NEAR(scale.At(1e5), 1.0 / 3, 1e-12);
  EXPECT_EQ(scale.At(0), 0);
  EXPECT_EQ(ChartScale::Logarithmic(10, 10).ticks().size(), 2u);
}

Chart TwoLines() {
  return {"HR@100",
          "D",
          {"32", "64"},
          {{"a <b>", {{0, 0.5, 0.01}, {1, 0.6, 0}}, 0}, {"lonely", {{1, 0.55, 0.02}}, 12}},
          NumberFormat::kPlain};
}

TEST(LineChart, DrawsEveryPointWithItsErrorAndWhatItIs) {
  const std::string svg = LineChart(TwoLines());
  EXPECT_EQ(Count(svg, "class=\"mark\""), 3u);
  EXPECT_EQ(Count(svg, "class=\"error\""), 2u);
  EXPECT_EQ(Count(svg, "class=\"line\""), 1u);  // one point makes no line
  EXPECT_NE(svg.find("<title>a &lt;b&gt;, 32: 0.5 ± 0.01</title>"), std::string::npos) << svg;
  EXPECT_NE(svg.find("<title>lonely, 64: 0.55 ± 0.02</title>"), std::string::npos);
  EXPECT_NE(svg.find("role=\"img\" aria-label=\"line chart: HR@100, by D\""), std::string::npos);
  EXPECT_NE(svg.find("c2 dashed"), std::string::npos);
  EXPECT_EQ(Count(svg, "nan"), 0u);
}

TEST(LineChart, WithoutPointsIsAnEmptyFrame) {
  const std::string svg = LineChart({"HR", "D", {"1"}, {}, NumberFormat::kPlain});
  EXPECT_TRUE(svg.starts_with("<svg"));
  EXPECT_EQ(Count(svg, "class=\"mark\""), 0u);
}

TEST(BarChart, WidthsFollowTheValues) {
  const Chart chart{"seconds", "method", {"a", "b"}, {{"", {{0, 2, 0}, {1, 4, 1}}, 0}}, NumberFormat::kPlain};
  const std::string svg = BarChart(chart);
  std::smatch first, second;
  const std::regex width("<rect [^>]*width=\"([0-9.]+)\"");
  ASSERT_TRUE(std::regex_search(svg, first, width));
  const std::string rest = first.suffix();
  ASSERT_TRUE(std::regex_search(rest, second, width));
  EXPECT_NEAR(2 * std::stod(first[1]), std::stod(second[1]), 0.2);
  EXPECT_EQ(svg.find("logarithmic"), std::string::npos);
}

TEST(BarChart, ValuesThatDifferMuchAreOnALogarithmicAxis) {
  const Chart chart{"rate",
                    "method",
                    {"a", "b", "c"},
                    {{"", {{0, 3e4, 0}, {1, 4e6, 0}, {2, 0, 0}}, 0}},
                    NumberFormat::kCount};
  const std::string svg = BarChart(chart);
  EXPECT_NE(svg.find("(logarithmic)"), std::string::npos);
  EXPECT_EQ(Count(svg, "<rect"), 2u);  // 0 has no bar
}

TEST(ChartKey, NamesEverySeries) {
  const std::string key = ChartKey(TwoLines().series);
  EXPECT_EQ(Count(key, "<li "), 2u);
  EXPECT_NE(key.find("a &lt;b&gt;</li>"), std::string::npos);
}

Table Example() {
  return {"example",
          "Two <rows>",
          {{"name", ColumnKind::kText}, {"n", ColumnKind::kNumber}, {"HR_5", ColumnKind::kSpread}},
          {{TextCell("a, \"b\""), NumberCell(3, "{:.0f}"), SpreadCell(0.12345678, 0.01)},
           {TextCell("50 % & more"), EmptyCell(), EmptyCell()}}};
}

TEST(TableCsv, QuotesAndKeepsAllDigits) {
  EXPECT_EQ(TableCsv(Example()),
            "name,n,HR_5,HR_5 deviation\n\"a, \"\"b\"\"\",3,0.12345678,0.01\n50 % & more,,,\n");
}

TEST(TableLatex, EscapesWhatLatexReads) {
  const std::string latex = TableLatex(Example());
  EXPECT_NE(latex.find("\\begin{tabular}{lrr}"), std::string::npos);
  EXPECT_NE(latex.find("name & n & HR\\_5 \\\\"), std::string::npos);
  EXPECT_NE(latex.find("0.1235 $\\pm$ 0.0100 \\\\"), std::string::npos);
  EXPECT_NE(latex.find("50 \\% \\& more &  &  \\\\"), std::string::npos);
}

TEST(TableLatex, AnEmptyHeadingKeepsItsColumn) {
  const Table table{"one",
                    "<a> | b",
                    {{"", {}}, {"number", ColumnKind::kNumber}},
                    {{TextCell("x"), NumberCell(1, "{:.0f}")}}};
  const std::string latex = TableLatex(table);
  EXPECT_NE(latex.find("\\hline\n & number \\\\\n"), std::string::npos) << latex;
  EXPECT_NE(latex.find("\\caption{\\textless{}a\\textgreater{} \\textbar{} b}"), std::string::npos) << latex;
}

TEST(WriteTables, LeavesNoTableOfOtherResultsAndAllElse) {
  const testing::TemporaryDirectory directory;
  const auto tables = directory / "tables";
  const char* const ids[] = {"example", "other"};
  Table other = Example();
  other.id = "other";
  WriteTables({Example(), other}, tables, ids);
  for (const char* own : {"notes.txt", "mine.csv"}) std::ofstream(tables / own) << "mine";
  WriteTables({Example()}, tables, ids);
  std::set<std::string> left;
  for (const auto& entry : std::filesystem::directory_iterator(tables)) left.insert(entry.path().filename());
  EXPECT_EQ(left, (std::set<std::string>{"example.csv", "example.tex", "mine.csv", "notes.txt"}));
  WriteTables({other}, tables);
  EXPECT_TRUE(std::filesystem::exists(tables / "example.csv")) << "a directory that is not ours alone";
}

TEST(TableHtml, HasValuesToSortBy) {
  const std::string html = TableHtml(Example());
  EXPECT_NE(html.find("data-value=\"0.12345678\">0.1235 ± 0.0100</td>"), std::string::npos);
  EXPECT_NE(html.find(">Two &lt;rows&gt;</p>"), std::string::npos);
  EXPECT_EQ(Count(html, "<button"), 3u);
  Table table = Example();
  table.sortable = false;
  EXPECT_EQ(Count(TableHtml(table), "<button"), 0u);
}

TEST(PageHead, LoadsNothing) {
  EXPECT_EQ(PageHead("a & b", "", false).find("script-src"), std::string::npos);
  const std::string head = PageHead("a & b", "p{}", true);
  EXPECT_NE(head.find("default-src 'none'"), std::string::npos);
  EXPECT_NE(head.find("<title>a &amp; b</title>"), std::string::npos);
}

}  // namespace
}  // namespace attune::launch
