#pragma once

#include <algorithm>
#include <cstdint>

#include "common/model/spec.h"
#include "common/optim/optimizer.h"

namespace attune {

enum class Sampling { kPermuted, kBootstrap };
enum class Negatives { kUniform, kPopularity };

/// How triples are drawn.
struct SamplingSpec {
  Sampling sampling = Sampling::kPermuted;
  Negatives negatives = Negatives::kUniform;
  double negative_power = 0.75;
  std::uint32_t negatives_per_positive = 1;
  std::uint32_t visit_triples = 32;  ///< most triples of one step of a user
  std::uint32_t visit_steps = 8;     ///< most steps of one visit
  std::uint32_t batch_triples = 4096;
  std::uint64_t seed = 1;

  std::uint32_t max_visit_triples() const { return visit_triples * visit_steps; }
  std::uint32_t positives_per_visit() const {
    return std::max(1u, max_visit_triples() / negatives_per_positive);
  }
};

/// L2 weights, each already multiplied by l2_factor.
struct L2Spec {
  double u = 0, v = 0, p = 0, theta = 0;
  bool per_occurrence = true;
};

/// Everything a worker must know to train.
struct TrainingSpec {
  model::ModelSpec model;
  SamplingSpec sampling;
  optim::OptimizerSpec optimizer;        ///< of U, V, P
  optim::OptimizerSpec theta_optimizer;  ///< of Θ
  double lr = 0.05;
  double lr_theta = 0.01;
  L2Spec l2;
  double init_std = 0.1;
  bool xavier_output = false;  ///< attention_init: w1 by Xavier instead of zero
  double clip = 1.0;           ///< longest gradient of a history or attended row in one step; 0 is no bound
  /// Batches for which component projections are kept; 0 makes them anew for every batch, which is exact.
  std::uint32_t projection_refresh = 0;
  bool update_batch = false;  ///< the textbook step on old rows
  bool mean = false;          ///< reduction
};

}  // namespace attune
