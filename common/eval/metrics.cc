#include "common/eval/metrics.h"

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <charconv>
#include <cmath>

#include "common/error.h"

namespace attune::eval {
namespace {

double Discount(std::uint32_t rank) {
  return 1.0 / std::log2(static_cast<double>(rank) + 1.0);
}

/// Index of the cutoff that "…@K" names, or kCutoffs.
std::size_t CutoffIndex(std::string_view digits) {
  std::uint32_t k = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), k);
  if (error != std::errc() || end != digits.data() + digits.size()) return kCutoffs;
  for (std::size_t n = 0; n < kCutoffs; ++n) {
    if (Cutoff(n) == k) return n;
  }
  return kCutoffs;
}

/// Adds `factor * from` to `into`, metric by metric.
void AddScaled(double factor, const UserMetrics& from, UserMetrics& into) {
  for (std::size_t n = 0; n < kCutoffs; ++n) {
    into.hr[n] += factor * from.hr[n];
    into.ndcg[n] += factor * from.ndcg[n];
    into.recall[n] += factor * from.recall[n];
  }
  into.mrr += factor * from.mrr;
}

}  // namespace

UserMetrics MetricsOf(std::span<const std::uint32_t> ranks) {
  UserMetrics metrics;
  std::vector<std::uint32_t> sorted(ranks.begin(), ranks.end());
  std::sort(sorted.begin(), sorted.end());
  if (sorted.empty()) return metrics;
  if (sorted.front() != kUnranked) metrics.mrr = 1.0 / static_cast<double>(sorted.front());
  for (std::size_t n = 0; n < kCutoffs; ++n) {
    const auto k = Cutoff(n);
    const std::size_t reachable = std::min<std::size_t>(k, sorted.size());
    double gain = 0;
    double ideal = 0;
    std::size_t hits = 0;
    for (; hits < sorted.size() && sorted[hits] <= k; ++hits) gain += Discount(sorted[hits]);
    for (std::uint32_t rank = 1; rank <= reachable; ++rank) ideal += Discount(rank);
    metrics.hr[n] = hits > 0 ? 1.0 : 0.0;
    metrics.ndcg[n] = gain / ideal;
    metrics.recall[n] = static_cast<double>(hits) / static_cast<double>(reachable);
  }
  return metrics;
}

double MetricOf(const UserMetrics& metrics, std::string_view name) {
  if (name == "mrr") return metrics.mrr;
  const std::size_t at = name.find('@');
  const std::size_t n = at == std::string_view::npos ? kCutoffs : CutoffIndex(name.substr(at + 1));
  const std::string_view kind = name.substr(0, at);
  if (n < kCutoffs && kind == "hr") return metrics.hr[n];
  if (n < kCutoffs && kind == "ndcg") return metrics.ndcg[n];
  if (n < kCutoffs && kind == "recall") return metrics.recall[n];
  ThrowUsage("metric '{}' is unknown: expected hr@K, ndcg@K or recall@K with K = 10, 20, ..., 100, or mrr",
             name);
}

MeanAndError Average(std::span<const double> values) {
  if (values.empty()) return {};
  const auto n = static_cast<double>(values.size());
  double sum = 0;
  for (const double value : values) sum += value;
  const double mean = sum / n;
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return {mean, values.size() < 2 ? 0.0 : std::sqrt(squares / (n - 1.0) / n)};
}

UserMetrics AverageMetrics(std::span<const UserMetrics> users) {
  UserMetrics mean;
  if (users.empty()) return mean;
  UserMetrics sum;
  for (const UserMetrics& user : users) AddScaled(1.0, user, sum);
  AddScaled(1.0 / static_cast<double>(users.size()), sum, mean);
  return mean;
}

TTest PairedTTest(std::span<const double> a, std::span<const double> b) {
  ATTUNE_CHECK(a.size() == b.size());
  std::vector<double> differences(a.size());
  for (std::size_t n = 0; n < a.size(); ++n) differences[n] = a[n] - b[n];
  const MeanAndError average = Average(differences);
  TTest test;
  test.n = a.size();
  test.mean_difference = average.mean;
  if (average.standard_error == 0.0) {
    test.p = average.mean == 0.0 || a.size() < 2 ? 1.0 : 0.0;
    return test;
  }
  test.t = average.mean / average.standard_error;
  const boost::math::students_t distribution(static_cast<double>(a.size() - 1));
  test.p = 2.0 * boost::math::cdf(boost::math::complement(distribution, std::abs(test.t)));
  test.effect_size = test.t / std::sqrt(static_cast<double>(a.size()));
  return test;
}

}  // namespace attune::eval
