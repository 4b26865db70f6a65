#pragma once

#include <fmt/core.h>

#include <Eigen/Core>
#include <algorithm>
#include <chrono>
#include <numeric>
#include <string>
#include <vector>

#include "common/data/dataset.h"
#include "common/data/training_data.h"
#include "common/thread.h"
#include "launch/embedded_cluster.h"

/// What several benchmarks of training share.
namespace attune::bench {

inline double Now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

struct Spread {
  double least, median, most;
  double mean;
};

inline Spread SpreadOf(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const double sum = std::accumulate(values.begin(), values.end(), 0.0);
  return {values.front(), values[values.size() / 2], values.back(), sum / static_cast<double>(values.size())};
}

/// Single-precision matrix products of all threads at once, GFLOP/s: what the machine can do.
inline Spread GemmRate(unsigned threads) {
  using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  constexpr Eigen::Index kSize = 1024;
  constexpr int kProducts = 4;
  const Matrix a = Matrix::Random(kSize, kSize);
  const Matrix b = Matrix::Random(kSize, kSize);
  std::vector<Matrix> c(threads, Matrix::Zero(kSize, kSize));
  std::vector<double> rates;
  for (int run = 0; run < 7; ++run) {
    const double start = Now();
    RunThreads(threads, "gemm", [&](unsigned thread) {
      for (int n = 0; n < kProducts; ++n) c[thread].noalias() += a * b;
    });
    rates.push_back(threads * kProducts * 2.0 * kSize * kSize * kSize / (Now() - start) * 1e-9);
  }
  return SpreadOf(rates);
}

/// Triples a second over `epochs` epochs, the first left out, the mean weighted by time; stops after `limit`
/// seconds, and is then the rate of what was done, without spread.
inline Spread TrainingRate(const data::Dataset& dataset, const data::TrainingData& data,
                           const TrainingSpec& spec, unsigned threads, std::uint32_t epochs,
                           const data::ContentView& content = {}, double limit = 1e9) {
  launch::EmbeddedCluster cluster(spec, data, dataset.num_users(), dataset.num_items(), threads, content);
  const double start = Now();
  std::vector<double> rates;
  double triples = 0;
  double seconds = 0;
  for (std::uint32_t epoch = 1; epoch <= epochs + 1; ++epoch) {
    const launch::EpochResult result = cluster.RunEpoch(epoch, 1.0, [&] {
      if (Now() - start > limit) cluster.Stop();
    });
    if (cluster.stopped()) {
      if (rates.empty()) rates.push_back(static_cast<double>(cluster.triples_done()) / (Now() - start));
      break;
    }
    if (epoch == 1) continue;
    triples += static_cast<double>(result.total.triples);
    seconds += result.seconds;
    rates.push_back(static_cast<double>(result.total.triples) / result.seconds);
  }
  Spread spread = SpreadOf(rates);
  if (seconds > 0) spread.mean = triples / seconds;
  return spread;
}

inline void Print(const std::string& what, const Spread& rate, const std::string& beside) {
  fmt::print("{:<38} {:>9.3f} M/s ({:.3f}..{:.3f})  {}\n", what, rate.median * 1e-6, rate.least * 1e-6,
             rate.most * 1e-6, beside);
}

}  // namespace attune::bench
