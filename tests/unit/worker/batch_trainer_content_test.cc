#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/worker/trainer_pair.h"
#include "worker/batch_trainer.h"

namespace attune::worker {
namespace {

using model::ItemAttention;

ModelSpec ContentSpec(model::ComponentAttention components, std::size_t feature_dim = 11) {
  ModelSpec spec{.attend_content = true, .component_attention = components, .history_exponent = 0.5};
  spec.component_hidden = RandomCase::kHidden2;
  spec.feature_dim = static_cast<std::uint32_t>(feature_dim);
  return spec;
}

TEST(BatchTrainer, ContentOfAGroupedVisitGivesTheSumOfItsTriplesGradients) {
  for (const auto components : {model::ComponentAttention::kAverage, model::ComponentAttention::kAttention}) {
    for (const bool exclude : {false, true}) {
      for (const std::size_t feature_dim : {11u, 70u}) {
        const RandomCase random(11, 0.4, feature_dim);
        TrainingSpec spec = BatchSpec(ContentSpec(components, feature_dim));
        spec.model.exclude_target = exclude;
        spec.model.attend_user = !exclude;
        Pair pair(spec, random.parameters, random.histories, random.components);
        pair.Train(random.triples);
        const model::L2 l2{spec.l2.u, spec.l2.v, spec.l2.p, spec.l2.theta, 1.0, true};
        const auto gradient = pair.reference().Gradient(random.triples, l2, false);
        ExpectClose(pair.Trained(random.parameters),
                    SgdStep(spec.model, random.parameters, gradient, spec.lr), 1e-4,
                    "components " + std::to_string(static_cast<int>(components)) + " exclude " +
                        std::to_string(exclude) + " Dx " + std::to_string(feature_dim));
      }
    }
  }
}

TEST(BatchTrainer, ItemContentOfAGroupedVisitGivesTheSumOfItsTriplesGradients) {
  for (const auto attention : {ItemAttention::kNone, ItemAttention::kAverage}) {
    for (const bool exclude : {false, true}) {
      for (const std::size_t feature_dim : {11u, 70u}) {
        const RandomCase random(17, 0.4, feature_dim);
        TrainingSpec spec = BatchSpec({.item_attention = attention, .history_exponent = 0.5});
        spec.model.item_content = model::ItemContent::kAverage;
        spec.model.feature_dim = static_cast<std::uint32_t>(feature_dim);
        spec.model.exclude_target = exclude;
        Pair pair(spec, random.parameters, random.histories, random.components);
        const BatchReport report = pair.Train(random.triples);
        EXPECT_NEAR(report.loss, pair.reference().Loss(random.triples, {}, false), 1e-4 * report.loss);
        const model::L2 l2{spec.l2.u, spec.l2.v, spec.l2.p, spec.l2.theta, 1.0, true};
        const auto gradient = pair.reference().Gradient(random.triples, l2, false);
        ExpectClose(pair.Trained(random.parameters),
                    SgdStep(spec.model, random.parameters, gradient, spec.lr), 1e-4,
                    "attention " + std::to_string(static_cast<int>(attention)) + " exclude " +
                        std::to_string(exclude) + " Dx " + std::to_string(feature_dim));
      }
    }
  }
}

TEST(BatchTrainer, OneTripleWithItemContentInPlaceIsTheTextbookStep) {
  const RandomCase random(23, 0.4);
  TrainingSpec spec = BatchSpec({.item_attention = ItemAttention::kAverage});
  spec.model.item_content = model::ItemContent::kAverage;
  spec.model.feature_dim = 11;
  spec.update_batch = false;
  spec.clip = 0;
  const std::vector<Triple> one = {random.triples[9]};
  Pair pair(spec, random.parameters, random.histories, random.components);
  pair.Train(one);
  const model::L2 l2{spec.l2.u, spec.l2.v, spec.l2.p, spec.l2.theta, 1.0, true};
  ExpectClose(pair.Trained(random.parameters),
              SgdStep(spec.model, random.parameters, pair.reference().Gradient(one, l2, false), spec.lr),
              2e-5, "in place");
}

/// Θ that stands still and sums what is pushed.
class SummingTheta : public ThetaService {
 public:
  explicit SummingTheta(model::Theta theta) : theta_(std::move(theta)), sum_(theta_) {
    std::ranges::fill(sum_.values(), 0.0f);
  }
  void Fetch(model::Theta& theta) override { theta = theta_; }
  void Push(const model::Theta& gradient, std::uint64_t, double) override {
    for (std::size_t n = 0; n < sum_.values().size(); ++n) sum_.values()[n] += gradient.values()[n];
  }
  const model::Theta& sum() const { return sum_; }

 private:
  model::Theta theta_, sum_;
};

TEST(BatchTrainer, CachedProjectionsGiveTheSameGradientsOnePeriodLater) {
  for (const std::size_t feature_dim : {11u, 70u}) {  // sums of features; sums of projections
    const RandomCase random(12, 0.4, feature_dim);
    TrainingSpec spec = BatchSpec(ContentSpec(model::ComponentAttention::kAttention, feature_dim));
    spec.update_batch = false;
    spec.lr = 0;  // rows stand still, so that batches are alike
    spec.l2 = {};
    std::vector<model::Theta> sums;
    for (const std::uint32_t refresh : {0u, 1u}) {
      spec.projection_refresh = refresh;
      Pair pair(spec, random.parameters, random.histories, random.components);
      SummingTheta theta(pair.theta());
      pair.Train(random.triples, theta, 3);
      sums.push_back(theta.sum());
    }
    for (const auto& block : sums[0].blocks()) {
      // Of three batches the last one's gradients of what is cached still wait.
      const bool waits = block.name == ThetaName::kW2x || (block.name == ThetaName::kW1x && feature_dim > 42);
      const auto exact = sums[0][block.name];
      const auto cached = sums[1][block.name];
      double error = 0, norm = 0;
      for (std::size_t n = 0; n < exact.size(); ++n) {
        const double expected = waits ? exact[n] * 2 / 3 : exact[n];
        error += std::pow(cached[n] - expected, 2);
        norm += std::pow(expected, 2);
      }
      // What is cached has the precision of f16.
      EXPECT_LE(std::sqrt(error), 3e-3 * std::sqrt(norm)) << block.file << ", Dx " << feature_dim;
    }
  }
}

}  // namespace
}  // namespace attune::worker
