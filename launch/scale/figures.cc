#include "launch/scale/figures.h"

#include <algorithm>
#include <cmath>

namespace attune::launch {
namespace {

double Percentile(const std::vector<double>& sorted, double share) {
  const double at = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(at);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (at - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

}  // namespace

RepeatSpread SpreadOfRepeats(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return {values.size(), Percentile(values, 0.5),  values.front(),
          values.back(), Percentile(values, 0.25), Percentile(values, 0.75)};
}

const SingleRate& BestPerWorker(const std::vector<SingleRate>& rates) {
  return *std::max_element(rates.begin(), rates.end(), [](const SingleRate& a, const SingleRate& b) {
    return a.PerWorker() < b.PerWorker();
  });
}

const SingleRate& Fastest(const std::vector<SingleRate>& rates) {
  return *std::max_element(rates.begin(), rates.end(), [](const SingleRate& a, const SingleRate& b) {
    return a.triples_per_second < b.triples_per_second;
  });
}

double Efficiency(double triples_per_second, unsigned workers, const SingleRate& baseline) {
  return triples_per_second / (workers * baseline.PerWorker());
}

double Ceiling(unsigned workers, unsigned processors) {
  return std::min(1.0, static_cast<double>(processors) / workers);
}

std::optional<double> SecondsTo(const LearningCurve& curve, double target) {
  for (const auto& [seconds, metric] : curve) {
    if (metric >= target) return seconds;
  }
  return std::nullopt;
}

double CommonTarget(const std::vector<LearningCurve>& curves) {
  double common = HUGE_VAL;
  for (const LearningCurve& curve : curves) {
    double best = -HUGE_VAL;
    for (const auto& [seconds, metric] : curve) best = std::max(best, metric);
    common = std::min(common, best);
  }
  return common;
}

}  // namespace attune::launch
