#include "common/eval/metrics.h"

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cctype>
#include <charconv>
#include <cmath>

#include "common/error.h"

namespace attune::eval {
namespace {

double Gain(std::uint32_t rank) {
  return 1.0 / std::log2(static_cast<double>(rank) + 1.0);
}

/// Position of K in the cutoffs; kCutoffs if it is none of them.
std::size_t CutoffOf(std::string_view text) {
  std::uint32_t cutoff = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), cutoff);
  if (error != std::errc() || end != text.data() + text.size()) return kCutoffs;
  for (std::size_t n = 0; n < kCutoffs; ++n) {
    if (Cutoff(n) == cutoff) return n;
  }
  return kCutoffs;
}

/// Standard deviation over n - 1; 0 for fewer than two values.
double Deviation(std::span<const double> values, double mean) {
  if (values.size() < 2) return 0;
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return std::sqrt(squares / static_cast<double>(values.size() - 1));
}

}  // namespace

UserMetrics MetricsOf(std::span<const std::uint32_t> ranks) {
  ATTUNE_CHECK(!ranks.empty());
  UserMetrics metrics;
  for (std::size_t n = 0; n < kCutoffs; ++n) {
    const std::size_t possible = std::min<std::size_t>(Cutoff(n), ranks.size());
    double gain = 0;
    double best_gain = 0;
    std::size_t found = 0;
    for (const std::uint32_t rank : ranks) {
      if (rank > Cutoff(n)) continue;
      gain += Gain(rank);
      ++found;
    }
    for (std::size_t rank = 1; rank <= possible; ++rank) best_gain += Gain(static_cast<std::uint32_t>(rank));
    metrics.hr[n] = found > 0 ? 1 : 0;
    metrics.ndcg[n] = gain / best_gain;
    metrics.recall[n] = static_cast<double>(found) / static_cast<double>(possible);
  }
  const std::uint32_t best = *std::min_element(ranks.begin(), ranks.end());
  metrics.mrr = best == kUnranked ? 0 : 1.0 / best;
  return metrics;
}

double MetricOf(const UserMetrics& metrics, std::string_view name) {
  if (name == "mrr") return metrics.mrr;
  const std::size_t at = name.find('@');
  if (at != std::string_view::npos) {
    const std::string_view kind = name.substr(0, at);
    const std::size_t cutoff = CutoffOf(name.substr(at + 1));
    if (cutoff < kCutoffs) {
      if (kind == "hr") return metrics.hr[cutoff];
      if (kind == "ndcg") return metrics.ndcg[cutoff];
      if (kind == "recall") return metrics.recall[cutoff];
    }
  }
  ThrowUsage("unknown metric '{}': known are mrr, hr@K, ndcg@K and recall@K with K = {}, {}, ..., {}", name,
             Cutoff(0), Cutoff(1), Cutoff(kCutoffs - 1));
}

std::vector<std::string> MetricNames(bool with_recall) {
  std::vector<std::string> names;
  for (const char* kind : {"hr@", "ndcg@", "recall@"}) {
    if (std::string_view(kind) == "recall@" && !with_recall) continue;
    for (std::size_t n = 0; n < kCutoffs; ++n) names.push_back(kind + std::to_string(Cutoff(n)));
  }
  names.emplace_back("mrr");
  return names;
}

void RequireMetricOfAll(std::string_view setting, std::string_view name) {
  const std::vector<std::string> known = MetricNames(false);
  if (std::find(known.begin(), known.end(), name) != known.end()) return;
  ThrowUsage("{} = '{}': expected hr@K or ndcg@K with K = {}, {}, ..., {}, or mrr", setting, name, Cutoff(0),
             Cutoff(1), Cutoff(kCutoffs - 1));
}

std::string MetricTitle(std::string name) {
  const bool recall = name.starts_with("recall");
  for (std::size_t n = 0; n < (recall ? 1 : name.size()); ++n)
    name[n] = static_cast<char>(std::toupper(static_cast<unsigned char>(name[n])));
  return name;
}

MeanAndError Average(std::span<const double> values) {
  if (values.empty()) return {};
  const auto n = static_cast<double>(values.size());
  double sum = 0;
  for (const double value : values) sum += value;
  return {sum / n, Deviation(values, sum / n) / std::sqrt(n)};
}

void MeanMetrics::Add(const UserMetrics& user) {
  ++users_;
  for (std::size_t n = 0; n < kCutoffs; ++n) {
    sum_.hr[n] += user.hr[n];
    sum_.ndcg[n] += user.ndcg[n];
    sum_.recall[n] += user.recall[n];
  }
  sum_.mrr += user.mrr;
}

UserMetrics MeanMetrics::Mean() const {
  UserMetrics mean = sum_;
  if (users_ == 0) return mean;
  const auto count = static_cast<double>(users_);
  for (std::size_t n = 0; n < kCutoffs; ++n) {
    mean.hr[n] /= count;
    mean.ndcg[n] /= count;
    mean.recall[n] /= count;
  }
  mean.mrr /= count;
  return mean;
}

TTest PairedTTest(std::span<const double> a, std::span<const double> b) {
  ATTUNE_CHECK(a.size() == b.size());
  TTest test;
  test.n = a.size();
  if (a.empty()) return test;
  std::vector<double> differences(a.size());
  for (std::size_t n = 0; n < a.size(); ++n) differences[n] = a[n] - b[n];
  test.mean_difference = Average(differences).mean;
  if (test.n < 2) return test;  // nothing is known about the spread
  const bool constant = std::all_of(differences.begin(), differences.end(),
                                    [&](double difference) { return difference == differences[0]; });
  if (constant) {
    test.mean_difference = differences[0];
    test.p = differences[0] == 0 ? 1 : 0;
    test.t = differences[0] == 0 ? 0 : std::copysign(HUGE_VAL, differences[0]);
    return test;
  }
  const auto n = static_cast<double>(test.n);
  test.effect_size = test.mean_difference / Deviation(differences, test.mean_difference);
  test.t = test.effect_size * std::sqrt(n);
  if (std::isfinite(test.t)) {
    const boost::math::students_t distribution(n - 1);
    test.p = 2 * boost::math::cdf(boost::math::complement(distribution, std::abs(test.t)));
  }
  return test;
}

}  // namespace attune::eval
