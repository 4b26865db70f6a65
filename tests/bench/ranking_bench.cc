/// Rates of ranking beside the rate of a plain matrix product on the same processors.
/// usage: ranking_bench [THREADS]
#include <fmt/core.h>

#include <Eigen/Core>
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <random>
#include <vector>

#include "common/thread.h"
#include "worker/evaluator.h"
#include "worker/ranking.h"

namespace attune {
namespace {

using worker::RankingQuery;

double MedianSeconds(int runs, const std::function<void()>& body) {
  std::vector<double> seconds;
  for (int run = 0; run < runs; ++run) {
    const auto start = std::chrono::steady_clock::now();
    body();
    seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  std::sort(seconds.begin(), seconds.end());
  return seconds[seconds.size() / 2];
}

/// GFLOP/s of 1024 x 1024 x 1024 on every thread at once.
double GemmRate(unsigned threads) {
  constexpr int kSize = 1024;
  constexpr int kProducts = 4;
  std::vector<Eigen::MatrixXf> a(threads), b(threads), c(threads);
  for (unsigned n = 0; n < threads; ++n) {
    a[n] = Eigen::MatrixXf::Random(kSize, kSize);
    b[n] = Eigen::MatrixXf::Random(kSize, kSize);
    c[n] = Eigen::MatrixXf::Zero(kSize, kSize);
  }
  const double seconds = MedianSeconds(9, [&] {
    RunThreads(threads, "gemm", [&](unsigned n) {
      for (int product = 0; product < kProducts; ++product) c[n].noalias() = a[n] * b[n];
    });
  });
  return 2e-9 * kSize * kSize * kSize * kProducts * threads / seconds;
}

void Measure(unsigned threads, std::size_t users, std::size_t items, std::size_t dim, double gemm) {
  constexpr std::size_t kHistory = 40;
  constexpr std::size_t kBlock = 256;
  std::mt19937 generator(1);
  std::normal_distribution<float> normal(0, 0.1f);
  std::vector<float> u(users * dim), v(items * dim);
  for (float& x : u) x = normal(generator);
  for (float& x : v) x = normal(generator);
  std::vector<Index> histories, targets;
  for (std::size_t n = 0; n < users; ++n) {
    const auto first = generator() % items;  // distinct items, far apart
    for (std::size_t l = 0; l < kHistory; ++l) {
      histories.push_back(static_cast<Index>((first + l * (items / (kHistory + 1))) % items));
    }
    targets.push_back(static_cast<Index>((first + kHistory * (items / (kHistory + 1))) % items));
  }
  const model::RowsView rows{v.data(), items, dim, dim};
  std::vector<std::uint32_t> ranks(users);
  const double flops = 2e-9 * static_cast<double>(users * items * dim);

  auto blocks = [&](auto&& body) {
    ParallelFor(threads, (users + kBlock - 1) / kBlock, "rank", [&](unsigned, std::size_t block) {
      const std::size_t first = block * kBlock;
      const std::size_t count = std::min(kBlock, users - first);
      std::vector<RankingQuery> queries;
      for (std::size_t n = first; n < first + count; ++n) {
        queries.push_back(
            {std::span(targets).subspan(n, 1), std::span(histories).subspan(n * kHistory, kHistory)});
      }
      body(first, queries);
    });
  };
  auto report = [&](const char* what, double seconds) {
    fmt::print("{:>6} x {:>5}, D {:>3}  {:<16} {:7.3f} s {:7.1f} GFLOP/s {:5.1f} % of GEMM\n", users, items,
               dim, what, seconds, flops / seconds, 100 * flops / seconds / gemm);
  };
  report("RankTargets", MedianSeconds(5, [&] {
           blocks([&](std::size_t first, const std::vector<RankingQuery>& queries) {
             RankTargets(u.data() + first * dim, dim, queries, rows,
                         std::span(ranks).subspan(first, queries.size()));
           });
         }));
  report("TopItems(100)", MedianSeconds(5, [&] {
           blocks([&](std::size_t first, const std::vector<RankingQuery>& queries) {
             TopItems(u.data() + first * dim, dim, queries, rows, 100);
           });
         }));
  model::ModelView view;
  view.spec.dim = static_cast<std::uint32_t>(dim);
  view.spec.item_attention = model::ItemAttention::kNone;
  view.u = {u.data(), users, dim, dim};
  view.v = rows;
  worker::EvaluationTask task;
  for (std::size_t n = 0; n <= users; ++n) task.users.push_back({static_cast<Index>(n), n, n * kHistory});
  task.targets = targets;
  task.histories = histories;
  report("Evaluate", MedianSeconds(5, [&] { Evaluate(view, task, threads); }));
}

}  // namespace
}  // namespace attune

int main(int argc, char** argv) {
  const unsigned threads = attune::ResolveThreads(argc > 1 ? static_cast<unsigned>(std::atoi(argv[1])) : 0);
  const double gemm = attune::GemmRate(threads);
  fmt::print("GEMM of 1024^3 on {} threads: {:.1f} GFLOP/s\n", threads, gemm);
  for (const std::size_t dim : {64, 128}) {
    attune::Measure(threads, 37501, 9836, dim, gemm);
    attune::Measure(threads, 29858, 40981, dim, gemm);
  }
  fmt::print("GEMM again: {:.1f} GFLOP/s\n", attune::GemmRate(threads));
}
