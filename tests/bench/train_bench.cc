#include <fmt/core.h>
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>
#include "common/data/dataset.h"
#include "launch/embedded_cluster.h"
using namespace attune;
int main(int argc, char** argv) {
  const data::Dataset dataset(argv[1]);
  const data::TrainingData data(dataset);
  const unsigned threads = std::atoi(argv[2]);
  const unsigned dim = std::atoi(argv[3]);
  const std::string kind = argv[4];
  TrainingSpec spec;
  spec.model.dim = dim;
  spec.model.item_attention = kind == "bpr"     ? model::ItemAttention::kNone
                              : kind == "svdpp" ? model::ItemAttention::kAverage
                                                : model::ItemAttention::kAttention;
  if (argc > 5) spec.sampling.visit_steps = std::atoi(argv[5]);
  if (argc > 6) spec.sampling.visit_triples = std::atoi(argv[6]);
  if (argc > 7) spec.sampling.batch_triples = std::atoi(argv[7]);
  spec.lr = 0.02;
  spec.lr_theta = 0.001;
  spec.l2 = {0.01, 0.01, 0.001, 0, true};
  launch::EmbeddedCluster cluster(spec, data, dataset.num_users(), dataset.num_items(), threads);
  std::vector<double> rates;
  for (unsigned e = 1; e <= 7; ++e) {
    const auto r = cluster.RunEpoch(e, 1.0);
    rates.push_back(r.total.triples / r.seconds);
    if (e == 1 || e == 7) fmt::print("epoch {} loss {:.4f}\n", e, r.total.loss / r.total.triples);
  }
  std::sort(rates.begin(), rates.end());
  fmt::print("{} D={} threads={} median {:.0f} k triples/s (min {:.0f} max {:.0f})\n", kind, dim, threads,
             rates[rates.size() / 2] / 1e3, rates.front() / 1e3, rates.back() / 1e3);
}
