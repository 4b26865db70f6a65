// Training speed with content: the component average, the component attention with exact projections, and
// with projections kept for some batches.
//
// usage: content_bench DATA [THREADS [EPOCHS [BATCH_TRIPLES [REFRESH ...]]]]
//   DATA     a data set with features; D = H1 = H2 = 128
//   REFRESH  values of projection_refresh to measure beside 0 (default: 16 and the batches of an epoch);
//            where a period is several epochs, let EPOCHS be a multiple of it and look at the mean
#include <fmt/core.h>

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "common/error.h"
#include "common/run/format.h"
#include "launch/process_memory.h"
#include "tests/bench/measure.h"

namespace attune {
namespace {

constexpr double kLimitSeconds = 90;

TrainingSpec SpecOf(std::size_t feature_dim, std::uint32_t batch_triples) {
  TrainingSpec spec;
  spec.model.dim = 128;
  spec.model.attend_content = true;
  spec.model.feature_dim = static_cast<std::uint32_t>(feature_dim);
  spec.lr = 0.02;
  spec.lr_theta = 0.0003;
  spec.theta_optimizer.kind = optim::Kind::kAdagrad;
  spec.l2 = {0.01, 0.01, 0.001, 0, true};
  spec.sampling.batch_triples = batch_triples;
  return spec;
}

int Main(int argc, char** argv) {
  if (argc < 2) ThrowUsage("usage: content_bench DATA [THREADS [EPOCHS [BATCH_TRIPLES [REFRESH ...]]]]");
  const data::Dataset dataset(argv[1]);
  if (dataset.features() == nullptr) ThrowUsage("{}: has no features", argv[1]);
  const data::TrainingData data(dataset);
  const data::ContentView content = dataset.features()->view();
  const auto number = [&](int n, std::uint32_t otherwise) {
    return argc > n ? static_cast<std::uint32_t>(std::atoi(argv[n])) : otherwise;
  };
  const unsigned threads = ResolveThreads(number(2, 0));
  const std::uint32_t epochs = number(3, 3);
  const std::uint32_t batch = number(4, 4096);
  std::vector<std::uint32_t> refreshes;
  for (int n = 5; n < argc; ++n) refreshes.push_back(number(n, 0));
  if (refreshes.empty()) refreshes = {16, static_cast<std::uint32_t>(data.num_interactions() / batch)};

  fmt::print(
      "{}: {} users, {} items, {} interactions, {:.1f} components of {} an item; {} threads, batches of {}\n",
      argv[1], dataset.num_users(), dataset.num_items(), data.num_interactions(),
      static_cast<double>(content.total()) / dataset.num_items(), content.dim(), threads, batch);
  const bench::Spread gemm = bench::GemmRate(threads);
  fmt::print("machine: {:.0f} GFLOP/s in matrix products ({:.0f}..{:.0f})\n", gemm.median, gemm.least,
             gemm.most);

  const auto measure = [&](const std::string& what, const TrainingSpec& spec) {
    const bench::Spread rate =
        bench::TrainingRate(dataset, data, spec, threads, epochs, content, kLimitSeconds);
    fmt::print("{:<38} {:>7} triples/s ({}..{}), mean {}; peak memory so far {} MiB\n", what,
               FormatCount(rate.median), FormatCount(rate.least), FormatCount(rate.most),
               FormatCount(rate.mean), launch::PeakMemoryBytes() >> 20);
  };
  TrainingSpec spec = SpecOf(content.dim(), batch);
  spec.model.component_attention = model::ComponentAttention::kAverage;
  measure("average", spec);
  spec.model.component_attention = model::ComponentAttention::kAttention;
  measure("attention, exact", spec);
  for (const std::uint32_t refresh : refreshes) {
    spec.projection_refresh = refresh;
    measure(fmt::format("attention, refreshed every {}", refresh), spec);
  }
  spec.sampling.visit_steps = 1;
  measure(fmt::format("  in visits of <= {} triples", spec.sampling.visit_triples), spec);
  spec.projection_refresh = 0;
  measure(fmt::format("  exact, in visits of <= {} triples", spec.sampling.visit_triples), spec);
  return 0;
}

}  // namespace
}  // namespace attune

int main(int argc, char** argv) {
  try {
    return attune::Main(argc, argv);
  } catch (const attune::Error& error) {
    fmt::print(stderr, "content_bench: {}\n", error.what());
    return static_cast<int>(error.kind());
  }
}
