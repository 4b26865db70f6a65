#include "common/eval/metrics.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "tests/support/expect_error.h"

namespace attune::eval {
namespace {

UserMetrics Of(std::vector<std::uint32_t> ranks) {
  return MetricsOf(ranks);
}

UserMetrics MeanOf(const std::vector<UserMetrics>& users) {
  MeanMetrics mean;
  for (const UserMetrics& user : users) mean.Add(user);
  return mean.Mean();
}

TEST(Metrics, OneTarget) {
  const UserMetrics first = Of({1});
  const UserMetrics third = Of({3});
  const UserMetrics eleventh = Of({11});
  EXPECT_EQ(first.ndcg[0], 1);
  EXPECT_EQ(first.mrr, 1);
  EXPECT_DOUBLE_EQ(third.ndcg[0], 0.5);  // 1 / log2(4)
  EXPECT_DOUBLE_EQ(third.mrr, 1.0 / 3);
  EXPECT_EQ(third.hr[0], 1);
  EXPECT_EQ(eleventh.hr[0], 0);
  EXPECT_EQ(eleventh.ndcg[0], 0);
  EXPECT_EQ(eleventh.hr[1], 1);
  EXPECT_DOUBLE_EQ(eleventh.ndcg[1], 1 / std::log2(12.0));
}

TEST(Metrics, SeveralTargets) {
  const UserMetrics metrics = Of({15, 1, kUnranked, 3});
  EXPECT_EQ(metrics.hr[0], 1);
  EXPECT_DOUBLE_EQ(metrics.recall[0], 0.5);
  EXPECT_DOUBLE_EQ(metrics.recall[1], 0.75);
  const double best = 1 + 1 / std::log2(3.0) + 0.5 + 1 / std::log2(5.0);
  EXPECT_DOUBLE_EQ(metrics.ndcg[0], 1.5 / best);
  EXPECT_DOUBLE_EQ(metrics.ndcg[1], (1.5 + 0.25) / best);
  EXPECT_EQ(metrics.mrr, 1);
}

TEST(Metrics, MoreTargetsThanPlaces) {
  std::vector<std::uint32_t> ranks;
  for (std::uint32_t rank = 1; rank <= 12; ++rank) ranks.push_back(rank);
  const UserMetrics metrics = MetricsOf(ranks);
  EXPECT_DOUBLE_EQ(metrics.ndcg[0], 1);
  EXPECT_DOUBLE_EQ(metrics.recall[0], 1);
}

TEST(Metrics, UnrankedCountsNowhere) {
  const UserMetrics metrics = Of({kUnranked});
  EXPECT_EQ(metrics.hr[kCutoffs - 1], 0);
  EXPECT_EQ(metrics.mrr, 0);
}

TEST(Metrics, ByName) {
  const UserMetrics metrics = Of({15});
  EXPECT_EQ(MetricOf(metrics, "hr@10"), 0);
  EXPECT_EQ(MetricOf(metrics, "hr@20"), 1);
  EXPECT_EQ(MetricOf(metrics, "recall@100"), 1);
  EXPECT_EQ(MetricOf(metrics, "ndcg@20"), 0.25);
  EXPECT_DOUBLE_EQ(MetricOf(metrics, "mrr"), 1.0 / 15);
  for (const char* name : {"hr", "hr@", "hr@5", "hr@10x", "hit@10", "mrr@10", ""}) {
    const std::string message = testing::ErrorOf(ErrorKind::kUsage, [&] { MetricOf(metrics, name); });
    EXPECT_NE(message.find("ndcg@K"), std::string::npos) << message;
  }
}

TEST(Metrics, OfAllAreThoseThatEveryEvaluationHas) {
  for (const char* name : {"hr@10", "ndcg@100", "mrr"}) EXPECT_NO_THROW(RequireMetricOfAll("--metric", name));
  for (const char* name : {"recall@10", "hr@5", "hr", ""}) {
    const std::string message =
        testing::ErrorOf(ErrorKind::kUsage, [&] { RequireMetricOfAll("--metric", name); });
    EXPECT_NE(message.find("--metric = '" + std::string(name) + "': expected hr@K or ndcg@K"),
              std::string::npos)
        << message;
    EXPECT_EQ(message.find("recall@K"), std::string::npos) << message;
  }
}

TEST(Average, MeanAndStandardError) {
  const MeanAndError result = Average(std::array{1.0, 2.0, 3.0, 4.0});
  EXPECT_DOUBLE_EQ(result.mean, 2.5);
  EXPECT_DOUBLE_EQ(result.standard_error, std::sqrt(5.0 / 3) / 2);
  EXPECT_EQ(Average(std::array{7.0}).standard_error, 0);
  EXPECT_EQ(Average({}).mean, 0);
}

TEST(Average, OfEveryMetric) {
  const UserMetrics mean = MeanOf({Of({1}), Of({15})});
  EXPECT_DOUBLE_EQ(mean.hr[0], 0.5);
  EXPECT_DOUBLE_EQ(mean.hr[1], 1);
  EXPECT_DOUBLE_EQ(mean.ndcg[1], 0.625);
  EXPECT_DOUBLE_EQ(mean.mrr, (1 + 1.0 / 15) / 2);
}

TEST(PairedTTest, TwoDegreesOfFreedomInClosedForm) {
  // Differences 1, 2, 3: mean 2, deviation 1. With two degrees of freedom p = 1 - t / sqrt(2 + t^2).
  const TTest test = PairedTTest(std::array{2.0, 4.0, 6.0}, std::array{1.0, 2.0, 3.0});
  const double t = 2 * std::sqrt(3.0);
  EXPECT_EQ(test.n, 3u);
  EXPECT_DOUBLE_EQ(test.mean_difference, 2);
  EXPECT_DOUBLE_EQ(test.effect_size, 2);
  EXPECT_DOUBLE_EQ(test.t, t);
  EXPECT_NEAR(test.p, 1 - t / std::sqrt(2 + t * t), 1e-12);
  const TTest other = PairedTTest(std::array{1.0, 2.0, 3.0}, std::array{2.0, 4.0, 6.0});
  EXPECT_DOUBLE_EQ(other.t, -t);
  EXPECT_DOUBLE_EQ(other.p, test.p);
}

TEST(PairedTTest, OneDegreeOfFreedomIsCauchy) {
  // Differences 0 and 2: t = 1, and half of a Cauchy distribution lies beyond 1.
  EXPECT_NEAR(PairedTTest(std::array{0.0, 2.0}, std::array{0.0, 0.0}).p, 0.5, 1e-12);
}

TEST(PairedTTest, DifferencesThatDoNotVary) {
  const std::array a = {0.1, 0.2, 0.3};
  EXPECT_EQ(PairedTTest(a, a).p, 1);
  EXPECT_EQ(PairedTTest(a, a).t, 0);
  const TTest same = PairedTTest(std::array{2.0, 3.0}, std::array{1.0, 2.0});
  EXPECT_EQ(same.p, 0);
  EXPECT_EQ(same.effect_size, 0);
  EXPECT_EQ(PairedTTest({}, {}).p, 1);
  EXPECT_EQ(PairedTTest(std::array{1.0}, std::array{0.0}).p, 1);
}

}  // namespace
}  // namespace attune::eval
