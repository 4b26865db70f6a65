#include "launch/status/status_page.h"

#include <gtest/gtest.h>

#include <cmath>

#include "common/run/format.h"
#include "launch/page/trend_chart.h"
#include "launch/status/status_words.h"
#include "tests/unit/launch/status/full_status.h"

namespace attune::launch {
namespace {

std::size_t Count(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

bool Says(const std::vector<StatusWords>& all, const std::string& what, const std::string& value) {
  for (const StatusWords& words : all) {
    if (words.what == what) return words.value == value;
  }
  return false;
}

TEST(TrendChart, IsACurveWithMarksWhereThereIsRoom) {
  Trend trend{"loss", "epoch", {{"a <b>", {}, 0}}, NumberFormat::kPlain};
  EXPECT_EQ(TrendChart(trend), "");
  for (int at = 1; at <= 10; ++at) trend.series[0].points.push_back({static_cast<double>(at), 1.0 / at});
  std::string svg = TrendChart(trend);
  EXPECT_EQ(Count(svg, "class=\"mark\""), 10u);
  EXPECT_NE(svg.find("<title>a &lt;b&gt;, epoch 2: 0.5</title>"), std::string::npos) << svg;
  trend.series[0].points[4].value = std::nan("");
  svg = TrendChart(trend);
  EXPECT_EQ(Count(svg, "class=\"mark\""), 9u);
  EXPECT_EQ(Count(svg, "nan"), 0u);
  const std::size_t path = svg.find("class=\"line\"");
  EXPECT_EQ(Count(svg.substr(path, svg.find("/>", path) - path), "M"), 2u);  // the curve is interrupted
  for (int at = 11; at <= 500; ++at) trend.series[0].points.push_back({static_cast<double>(at), 1.0});
  EXPECT_EQ(Count(TrendChart(trend), "class=\"mark\""), 0u);
}

TEST(TrendChart, NumbersThatHardlyDifferHaveTicks) {
  for (const double value : {1e20, 1e-20, 0.0, -5.0}) {
    const Trend trend{
        "t", "x", {{"a", {{1, value}, {2, std::nextafter(value, 1e30)}}, 0}}, NumberFormat::kPlain};
    EXPECT_LT(TrendChart(trend).size(), 10000u);
  }
}

TEST(StatusPage, SaysEverythingAndEscapesIt) {
  const std::string page = StatusPage(testing::FullStatus());
  EXPECT_TRUE(page.starts_with("<!doctype html>"));
  EXPECT_TRUE(page.ends_with("</html>\n"));
  EXPECT_NE(page.find("&lt;best&gt; &amp; &quot;only&quot;: training, epoch 11 of 40"), std::string::npos);
  for (const char* said : {"disk &lt;full&gt;", "rank 1 (&lt;node&gt;) was silent", "59 s", "16 of 64",
                           "450 k", "11 B", "8 batches", "30 s ago", "rank 1 (&quot;b&quot;), pid 8 is dead",
                           "The job began again 1 times; 1234 triples", "best 0.2000 in epoch 5"})
    EXPECT_NE(page.find(said), std::string::npos) << said;
  for (const char* raw : {"<best>", "<full>", "<node>", "d<a>ta", "nan", "inf<"})
    EXPECT_EQ(page.find(raw), std::string::npos) << raw;
  EXPECT_NE(page.find("connect-src 'self'"), std::string::npos);
  EXPECT_EQ(Count(page, "class=\"chart\""), 4u);
}

TEST(StatusPage, OfARunThatHasEndedAsksNobody) {
  JobStatus status = testing::FullStatus();
  status.live.reset();
  status.phase = Phase::kEnded;
  status.result = JobStatus::Result{"completed", ""};
  const std::string page = StatusPage(status);
  for (const char* outside : {"<script", "http:", "https:", "url(", "fetch(", "connect-src"})
    EXPECT_EQ(page.find(outside), std::string::npos) << outside;
  EXPECT_NE(page.find(": completed</h1>"), std::string::npos);
}

TEST(StatusPage, OfManyEpochsIsSmall) {
  auto history = std::make_shared<RunHistory>();
  for (std::uint32_t epoch = 1; epoch <= 10000; ++epoch)
    history->Note(testing::EpochRecord(epoch, 1.0 / epoch));
  JobStatus status;
  status.history = history;
  const std::string page = StatusPage(status);
  EXPECT_LT(page.size(), 100000u);
  EXPECT_NE(page.find("One of 32 epochs is drawn"), std::string::npos);
}

TEST(StatusPage, OfARunThatHasJustBegun) {
  EXPECT_NE(StatusPage(JobStatus()).find("attune: starting"), std::string::npos);
  JobStatus status;
  status.live = JobStatus::Live{};
  EXPECT_FALSE(ShareDone(status));
  EXPECT_NE(StatusPage(status).find("<script>"), std::string::npos);
}

TEST(StatusWords, AreThoseOfTheStatus) {
  const JobStatus status = testing::FullStatus();
  const auto words = WordsOf(status);
  EXPECT_TRUE(Says(words, "epochs done", "10 of 40"));
  EXPECT_TRUE(Says(words, "loss", "0.1000"));
  EXPECT_TRUE(Says(words, "NDCG@100 on validation", "0.2000"));
  EXPECT_TRUE(Says(words, "memory", FormatBytes(3 << 20)));
  EXPECT_NEAR(*ShareDone(status), 10.25 / 40, 1e-12);
  const std::string text = StatusText(status);
  EXPECT_NE(text.find("! rank 1 (\"b\"), pid 8 is dead."), std::string::npos) << text;
}

TEST(JobStatus, AQuietJobIsAProblem) {
  JobStatus status = testing::FullStatus();
  const std::size_t problems = status.Problems().size();
  status.live->age_seconds = kQuietSeconds + 1;
  EXPECT_EQ(status.Problems().size(), problems + 1);
  EXPECT_NE(status.Problems()[0].find("has said nothing"), std::string::npos);
}

TEST(JobStatus, TimesAreRead) {
  EXPECT_EQ(*SecondsOfUtc("1970-01-02T00:00:01.500Z"), 86401.5);
  for (const char* text : {"", "now", "2026-01-31", "2026-01-31T12:00"})
    EXPECT_FALSE(SecondsOfUtc(text)) << text;
}

}  // namespace
}  // namespace attune::launch
