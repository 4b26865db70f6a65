// Training speed on a prepared data set, beside what the machine can do: random row updates a second on
// tables of the same size, and the rate of single-precision matrix products.
//
// usage: train_bench DATA [THREADS [EPOCHS]]
#include <fmt/core.h>

#include <cstdlib>
#include <vector>

#include "common/data/dataset.h"
#include "common/data/training_data.h"
#include "common/error.h"
#include "common/hogwild.h"
#include "common/random.h"
#include "ps/table.h"
#include "tests/bench/measure.h"

namespace attune {
namespace {

using bench::GemmRate;
using bench::Now;
using bench::Print;
using bench::Spread;
using bench::SpreadOf;
using bench::TrainingRate;

/// Rows of V read, added to and written at random, a second, by all threads on one table.
Spread RowUpdateRate(Index rows, std::size_t dim, unsigned threads) {
  constexpr std::uint32_t kUpdates = 2'000'000;
  ps::Table table(ps::Table::Id::kItems, rows, RecordLayout(dim, false, optim::Kind::kSgd));
  table.Initialise(0, static_cast<Index>(table.view().rows), 1, 0.1, {}, threads);
  const TableView view = table.view();
  std::vector<Index> order(kUpdates);
  const random::Stream stream(1, random::Purpose::kSynthetic);
  for (std::uint32_t n = 0; n < kUpdates; ++n) {
    order[n] = static_cast<Index>(std::uint64_t{stream(n)[0]} * rows >> 32);
  }
  std::vector<double> rates;
  for (int run = 0; run < 7; ++run) {
    const double start = Now();
    RunThreads(threads, "update", [&](unsigned thread) {
      const std::size_t offset = thread * (kUpdates / threads);
      for (std::size_t n = 0; n < kUpdates; ++n) {
        float* row = view.First(order[(n + offset) % kUpdates]);
        for (std::size_t c = 0; c < view.layout.padded; c += simd::kLanes) {
          RacyStoreVector(row + c, RacyLoadVector(row + c) + 1e-6f);
        }
      }
    });
    rates.push_back(static_cast<double>(threads) * kUpdates / (Now() - start));
  }
  return SpreadOf(rates);
}

TrainingSpec SpecOf(model::ItemAttention attention, std::uint32_t dim) {
  TrainingSpec spec;
  spec.model.dim = dim;
  spec.model.item_attention = attention;
  spec.lr = 0.02;
  spec.lr_theta = 0.0003;
  spec.theta_optimizer.kind = optim::Kind::kAdagrad;
  spec.l2 = {0.01, 0.01, 0.001, 0, true};
  return spec;
}

int Main(int argc, char** argv) {
  if (argc < 2) ThrowUsage("usage: train_bench DATA [THREADS [EPOCHS]]");
  const data::Dataset dataset(argv[1]);
  const data::TrainingData data(dataset);
  const unsigned threads = ResolveThreads(argc > 2 ? static_cast<unsigned>(std::atoi(argv[2])) : 0);
  const auto epochs = static_cast<std::uint32_t>(argc > 3 ? std::atoi(argv[3]) : 5);
  fmt::print("{}: {} users, {} items, {} interactions; {} threads; median (least..most) of {} epochs\n",
             argv[1], dataset.num_users(), dataset.num_items(), data.num_interactions(), threads, epochs);
  const Spread gemm = GemmRate(threads);
  fmt::print("machine: {:.0f} GFLOP/s in matrix products ({:.0f}..{:.0f})\n", gemm.median, gemm.least,
             gemm.most);
  for (const std::uint32_t dim : {64u, 128u}) {
    const Spread updates = RowUpdateRate(dataset.num_items(), dim, threads);
    Print(fmt::format("machine: random row updates, D = {}", dim), updates, "");
    const Spread bpr = TrainingRate(dataset, data, SpecOf(model::ItemAttention::kNone, dim), threads, epochs);
    Print(fmt::format("BPR, D = {}", dim), bpr,
          fmt::format("{:.0f} % of a third of the row updates", 300.0 * bpr.median / updates.median));
    Print(fmt::format("SVD++, D = {}", dim),
          TrainingRate(dataset, data, SpecOf(model::ItemAttention::kAverage, dim), threads, epochs), "");
    TrainingSpec acf = SpecOf(model::ItemAttention::kAttention, dim);
    const Spread many = TrainingRate(dataset, data, acf, threads, epochs);
    const Spread one = TrainingRate(dataset, data, acf, 1, epochs);
    Print(fmt::format("ACF u,v,p, D = H1 = {}", dim), many,
          fmt::format("{:.2f} x one thread ({:.3f} M/s)", many.median / one.median, one.median * 1e-6));
    acf.sampling.visit_steps = 1;
    Print(fmt::format("  in visits of at most {} triples", acf.sampling.visit_triples),
          TrainingRate(dataset, data, acf, threads, epochs), "");
  }
  return 0;
}

}  // namespace
}  // namespace attune

int main(int argc, char** argv) {
  try {
    return attune::Main(argc, argv);
  } catch (const attune::Error& error) {
    fmt::print(stderr, "train_bench: {}\n", error.what());
    return static_cast<int>(error.kind());
  }
}
