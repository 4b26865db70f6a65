#include "launch/report/study_figures.h"

#include <gtest/gtest.h>

namespace attune::launch {
namespace {

ChartSeries Line(const char* name, double first, double second) {
  return {name, {{0, first}, {1, second}}, 0};
}

std::vector<std::string> Names(const Chart& chart) {
  std::vector<std::string> names;
  for (const ChartSeries& series : chart.series) names.push_back(series.name);
  return names;
}

using Strings = std::vector<std::string>;

TEST(StudyFigures, WhatIsFarBelowIsNamedAndNotDrawn) {
  Figure figure{"by-dim", "Quality.", {}};
  figure.charts.push_back(
      {"HR@100", "D", {"32", "64"}, {Line("CBF", 0.1, 0.1), Line("BPR", 0.4, 0.5), Line("ACF", 0.2, 0.26)}});
  figure.charts.push_back({"NDCG@100",
                           "D",
                           {"32", "64"},
                           {Line("CBF", 0.09, 0.09), Line("BPR", 0.1, 0.1), Line("ACF", 0.1, 0.1)}});
  MakeRoom(figure);
  EXPECT_EQ(Names(figure.charts[0]), (Strings{"BPR", "ACF"}));
  EXPECT_EQ(Names(figure.charts[1]), (Strings{"BPR", "ACF"})) << "a method is in both or in none";
  EXPECT_EQ(figure.caption, "Quality. Not drawn, with less than half of the best value: CBF.");
}

TEST(StudyFigures, OneThatIsFarAboveAllOthersDoesNotHideThem) {
  Figure figure{"by-dim", "Quality.", {}};
  figure.charts.push_back(
      {"HR@100", "D", {"32", "64"}, {Line("CBF", 0.1, 0.1), Line("BPR", 0.4, 0.5), Line("ACF", 0.1, 0.1)}});
  MakeRoom(figure);
  EXPECT_EQ(Names(figure.charts[0]), (Strings{"CBF", "BPR", "ACF"}));
  EXPECT_EQ(figure.caption, "Quality.");
  Figure empty{"by-dim", "Quality.", {}};
  MakeRoom(empty);
  EXPECT_EQ(empty.caption, "Quality.");
}

}  // namespace
}  // namespace attune::launch
