#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

/// The arithmetic of scaling: pure functions of measured numbers.
namespace attune::launch {

/// Of the repeats of a point. Quartiles as of NumPy's percentile: between the two nearest in proportion.
struct RepeatSpread {
  std::size_t repeats = 0;
  double median = 0;
  double least = 0;
  double most = 0;
  double lower_quartile = 0;
  double upper_quartile = 0;
};

/// @param values  one or more
RepeatSpread SpreadOfRepeats(std::vector<double> values);

/// Median throughput of a layout of one process.
struct SingleRate {
  std::string id;
  unsigned workers = 1;
  double triples_per_second = 0;

  double PerWorker() const { return triples_per_second / workers; }
};

/// The one whose workers do the most each: what efficiency is against. @param rates  one or more
const SingleRate& BestPerWorker(const std::vector<SingleRate>& rates);
/// The fastest, however many threads it takes: what speed is against.
const SingleRate& Fastest(const std::vector<SingleRate>& rates);

/// Share of `workers` times the baseline's rate of a worker that a run reaches.
double Efficiency(double triples_per_second, unsigned workers, const SingleRate& baseline);

/// The most that efficiency can be where workers share processors: 1, or processors / workers.
double Ceiling(unsigned workers, unsigned processors);

/// A run's evaluations: seconds of training, metric; in time.
using LearningCurve = std::vector<std::pair<double, double>>;

/// Seconds of training after which the metric first was at least the target; nothing if it never was.
std::optional<double> SecondsTo(const LearningCurve& curve, double target);

/// The greatest value that every run reaches at some time. @param curves  one or more, none empty
double CommonTarget(const std::vector<LearningCurve>& curves);

}  // namespace attune::launch
