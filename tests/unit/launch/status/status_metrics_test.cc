#include "launch/status/status_metrics.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <sstream>

#include "tests/unit/launch/status/full_status.h"

namespace attune::launch {
namespace {

std::string FileText(const std::string& name) {
  std::ifstream file(std::string(ATTUNE_SOURCE_DIR) + "/" + name);
  std::ostringstream text;
  text << file.rdbuf();
  EXPECT_FALSE(text.str().empty()) << name;
  return std::move(text).str();
}

std::set<std::string> NamesIn(const std::string& text) {
  std::set<std::string> names;
  const std::regex name("attune_[a-z_]+");
  for (std::sregex_iterator at(text.begin(), text.end(), name), end; at != end; ++at) names.insert(at->str());
  return names;
}

std::set<std::string> Known() {
  std::set<std::string> names;
  for (const MetricDescription& metric : Metrics())
    EXPECT_TRUE(names.insert(metric.name).second) << metric.name;
  return names;
}

TEST(StatusMetrics, EveryMetricOfAFullStatusIsThere) {
  EXPECT_EQ(NamesIn(MetricsText(testing::FullStatus(), {3, 2})), Known());
}

TEST(StatusMetrics, IsTheTextFormat) {
  const std::string text = MetricsText(testing::FullStatus(), {3, 2});
  const std::regex line(
      "# HELP attune_[a-z_]+ .+|# TYPE attune_[a-z_]+ (counter|gauge)|"
      "attune_[a-z_]+(\\{[a-z]+=\"([^\"\\\\]|\\\\.)*\"(,[a-z]+=\"([^\"\\\\]|\\\\.)*\")*\\})? -?[0-9.e+-]+");
  std::istringstream lines(text);
  std::set<std::string> series;
  std::size_t samples = 0;
  for (std::string one; std::getline(lines, one);) {
    EXPECT_TRUE(std::regex_match(one, line)) << one;
    if (one.starts_with('#')) continue;
    ++samples;
    EXPECT_TRUE(series.insert(one.substr(0, one.rfind(' '))).second) << "twice: " << one;
  }
  EXPECT_GT(samples, 60u);
  for (const char* said :
       {"attune_phase{phase=\"training\"} 1\n", "attune_epochs_done 10\n",
        "attune_ndcg{split=\"validation\",k=\"100\"} 0.2\n", "attune_leases{state=\"waiting\"} 45\n",
        "attune_staleness_batches{quantile=\"1\"} 8\n", "attune_sync_sent_bytes_total 11\n",
        "attune_process_up{node=\"1\",where=\"rank 1 (\\\"b\\\"), pid 8\"} 0\n",
        "attune_memory_bytes 3145728\n", "attune_checkpoints_failed_total 1\n",
        "attune_lives_ended_total 1\n", "attune_status_refused_total 2\n"})
    EXPECT_NE(text.find(said), std::string::npos) << said << text;
}

TEST(StatusMetrics, WhatIsNotKnownIsLeftOut) {
  const std::string text = MetricsText(JobStatus(), {});
  EXPECT_EQ(text.find("attune_loss"), std::string::npos);
  EXPECT_EQ(text.find("nan"), std::string::npos);
  EXPECT_NE(text.find("attune_phase{phase=\"starting\"} 1"), std::string::npos);
}

TEST(StatusMetrics, EveryMetricIsInTheManual) {
  const std::set<std::string> documented = NamesIn(FileText("docs/operations.md"));
  for (const std::string& name : Known()) EXPECT_TRUE(documented.contains(name)) << name;
  for (const std::string& name : documented) EXPECT_TRUE(Known().contains(name)) << name << " is no metric";
}

TEST(StatusMetrics, TheDashboardShowsNothingElse) {
  const std::string text = FileText("docs/grafana/attune.json");
  const auto dashboard = nlohmann::json::parse(text);
  const std::set<std::string> known = Known();
  std::size_t queries = 0;
  for (const auto& panel : dashboard.at("panels")) {
    for (const auto& target : panel.value("targets", nlohmann::json::array())) {
      ++queries;
      for (const std::string& name : NamesIn(target.at("expr").get<std::string>()))
        EXPECT_TRUE(known.contains(name)) << name;
    }
  }
  EXPECT_GT(queries, 15u);
}

}  // namespace
}  // namespace attune::launch
