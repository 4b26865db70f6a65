#include "worker/batch_trainer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "tests/support/golden.h"
#include "tests/unit/worker/trainer_pair.h"

namespace attune::worker {
namespace {

using model::ItemAttention;
using testing::Flat;
using testing::Golden;

class BatchTrainerGolden : public ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Cases, BatchTrainerGolden, ::testing::Values("nocontent", "fixed", "variable"));

TEST_P(BatchTrainerGolden, OneTextbookStepOfEveryVariant) {
  const auto golden = Golden::Read(GetParam());
  if (!golden) GTEST_SKIP() << "no golden vectors at " << ATTUNE_GOLDEN_DIR;
  for (const auto& [name, variant] : golden->variants().items()) {
    const auto& config = variant.at("config");
    const model::L2 l2 = testing::GoldenL2(config);
    TrainingSpec spec;
    spec.model = testing::GoldenSpec(*golden, config);
    spec.lr = spec.lr_theta = golden->lr();
    spec.l2 = {l2.u * l2.factor, l2.v * l2.factor, l2.p * l2.factor, l2.theta * l2.factor, l2.per_occurrence};
    spec.update_batch = true;
    spec.mean = config.at("reduction") == "mean";
    Pair pair(spec, golden->Parameters(), golden->Histories(), golden->Components());
    const auto batch = golden->Batch();
    const BatchReport report = pair.Train(batch);
    const double data_loss =
        variant.at("data_loss").get<double>() * (spec.mean ? static_cast<double>(batch.size()) : 1);
    EXPECT_NEAR(report.loss, data_loss, 2e-5 * data_loss) << name;

    ReferenceParameters expected = golden->Parameters();
    const auto arrays = expected.All();
    const auto& names = testing::kParameterNames;
    for (std::size_t n = 0; n < names.size(); ++n) {
      if (names[n] == "U" && !spec.model.HasU()) continue;  // FISM keeps no U; the golden one only decays
      if (variant.at("after_sgd").contains(names[n])) *arrays[n] = Flat(variant.at("after_sgd").at(names[n]));
    }
    ExpectClose(pair.Trained(golden->Parameters()), expected, 2e-5, name);
  }
}

TEST(BatchTrainer, GroupedVisitGivesTheSumOfItsTriplesGradients) {
  for (unsigned seed = 1; seed <= 3; ++seed) {
    for (const auto attention : {ItemAttention::kNone, ItemAttention::kAverage, ItemAttention::kAttention}) {
      for (const bool exclude : {false, true}) {
        const RandomCase random(seed, 0.5);
        TrainingSpec spec =
            BatchSpec({.item_attention = attention, .history_exponent = 0.5, .exclude_target = exclude});
        const model::L2 l2{spec.l2.u, spec.l2.v, spec.l2.p, spec.l2.theta, 1.0, true};
        for (const std::uint32_t visit_triples : {1u, 3u, 32u}) {
          spec.sampling.visit_triples = visit_triples;
          spec.sampling.visit_steps = visit_triples == 1 ? 1 : 8;
          Pair pair(spec, random.parameters, random.histories);
          const BatchReport report = pair.Train(random.triples);
          EXPECT_EQ(report.triples, random.triples.size());
          EXPECT_NEAR(report.loss, pair.reference().Loss(random.triples, {}, false), 1e-4 * report.loss);
          const auto gradient = pair.reference().Gradient(random.triples, l2, false);
          ExpectClose(pair.Trained(random.parameters),
                      SgdStep(spec.model, random.parameters, gradient, spec.lr), 5e-5,
                      "attention " + std::to_string(static_cast<int>(attention)) + " exclude " +
                          std::to_string(exclude) + " visits of " + std::to_string(visit_triples));
        }
      }
    }
  }
}

TEST(BatchTrainer, TargetWithNearlyAllTheAttentionIsLeftOutExactly) {
  RandomCase random(5, 0.5);
  // Sharp attention: large output weights make one history item take nearly everything.
  for (double& w : random.parameters.w1) w *= 12;
  const TrainingSpec spec = BatchSpec({.history_exponent = 0.5, .exclude_target = true});
  Pair pair(spec, random.parameters, random.histories);
  double heaviest = 0;
  for (Index user = 2; user < RandomCase::kUsers; ++user) {
    const auto alpha = pair.reference().Forward(user, random.histories[user]).alpha;
    heaviest = std::max(heaviest, *std::max_element(alpha.begin(), alpha.end()));
  }
  ASSERT_GT(heaviest, 0.99);
  pair.Train(random.triples);
  const model::L2 l2{spec.l2.u, spec.l2.v, spec.l2.p, spec.l2.theta, 1.0, true};
  const auto gradient = pair.reference().Gradient(random.triples, l2, false);
  ExpectClose(pair.Trained(random.parameters), SgdStep(spec.model, random.parameters, gradient, spec.lr),
              3e-4, "sharp");
}

TEST(BatchTrainer, OneTripleInPlaceIsTheTextbookStep) {
  // With one triple a batch the two ways of updating differ only in when L2 acts: not at all for one triple.
  const RandomCase random(9, 0.5);
  for (const auto attention : {ItemAttention::kNone, ItemAttention::kAverage, ItemAttention::kAttention}) {
    TrainingSpec spec = BatchSpec({.item_attention = attention});
    spec.l2 = {};
    spec.clip = 0;
    const std::vector<Triple> one = {random.triples[10]};
    Pair textbook(spec, random.parameters, random.histories);
    textbook.Train(one);
    spec.update_batch = false;
    Pair in_place(spec, random.parameters, random.histories);
    in_place.Train(one);
    ExpectClose(in_place.Trained(random.parameters), textbook.Trained(random.parameters), 2e-6, "in place");
  }
}

TEST(BatchTrainer, EveryOptimizerLowersTheLossOfEveryVariant) {
  const RandomCase random(3, 0.1);
  for (const auto kind :
       {optim::Kind::kSgd, optim::Kind::kAdagrad, optim::Kind::kRowwiseAdagrad, optim::Kind::kAdam}) {
    for (const bool batch : {false, true}) {
      TrainingSpec spec = BatchSpec({});
      spec.update_batch = batch;
      spec.optimizer.kind = kind;
      spec.lr = kind == optim::Kind::kSgd ? 0.05 : 0.02;
      spec.lr_theta = 0.01;
      spec.l2 = {};
      Pair pair(spec, random.parameters, random.histories);
      const double before = pair.Train(random.triples).loss;
      double after = before;
      for (int epoch = 0; epoch < 60; ++epoch) after = pair.Train(random.triples).loss;
      EXPECT_LT(after, 0.5 * before) << "optimizer " << static_cast<int>(kind) << " batch " << batch;
    }
  }
}

TEST(BatchTrainer, L2DecaysARowAsOftenAsTriplesTouchIt) {
  // A visit of T triples decays u_i and p_l by (1 - lr lambda)^T, whatever the grouping.
  const RandomCase random(4, 0.3);
  TrainingSpec spec = BatchSpec({.item_attention = ItemAttention::kAverage});
  spec.update_batch = false;
  spec.lr = 1e-3;  // gradients hardly move anything: decay is what is left
  spec.l2 = {20, 20, 20, 0, true};
  std::vector<ReferenceParameters> results;
  for (const std::uint32_t visit_triples : {1u, 32u}) {
    spec.sampling.visit_triples = visit_triples;
    spec.sampling.visit_steps = 1;
    Pair pair(spec, random.parameters, random.histories);
    pair.Train(random.triples);
    results.push_back(pair.Trained(random.parameters));
  }
  ExpectClose(results[1], results[0], 2e-3, "decay");
}

TEST(BatchTrainer, ClipBoundsHowFarAHistoryRowMoves) {
  const RandomCase random(8, 0.5);
  TrainingSpec spec = BatchSpec({.item_attention = ItemAttention::kAverage, .history_exponent = 0});
  spec.update_batch = false;
  spec.l2 = {};
  spec.clip = 0.01;
  Pair pair(spec, random.parameters, random.histories);
  pair.Train(random.triples);
  const ReferenceParameters after = pair.Trained(random.parameters);
  double longest = 0;
  for (std::size_t item = 0; item < RandomCase::kItems; ++item) {
    double squares = 0;
    for (std::size_t c = item * RandomCase::kDim; c < (item + 1) * RandomCase::kDim; ++c) {
      squares += std::pow(after.P[c] - random.parameters.P[c], 2);
    }
    longest = std::max(longest, std::sqrt(squares));
  }
  // Each of the seven users visits once and moves a row by at most lr * clip.
  EXPECT_GT(longest, 0.0);
  EXPECT_LT(longest, 7 * 0.1 * 0.01 * 1.001);
}

TEST(BatchTrainer, DivergedRowsGiveALossThatIsNotFinite) {
  RandomCase random(6, 0.5);
  random.parameters.V[0] = std::nan("");
  TrainingSpec spec = BatchSpec({.item_attention = ItemAttention::kNone});
  Pair pair(spec, random.parameters, random.histories);
  const std::vector<Triple> triples = {{3, 0, 1}, {3, 2, 4}};
  EXPECT_FALSE(std::isfinite(pair.Train(triples).loss));
}

}  // namespace
}  // namespace attune::worker
