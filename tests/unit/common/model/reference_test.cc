#include "common/model/reference.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tests/support/golden.h"

namespace attune::model {
namespace {

using testing::Flat;
using testing::Golden;

constexpr double kTolerance = 1e-10;

void ExpectClose(const std::vector<double>& actual, const std::vector<double>& expected,
                 const std::string& what) {
  ASSERT_EQ(actual.size(), expected.size()) << what;
  for (std::size_t n = 0; n < actual.size(); ++n) {
    ASSERT_NEAR(actual[n], expected[n], kTolerance * std::max(1.0, std::abs(expected[n])))
        << what << " at " << n;
  }
}

class GoldenReference : public ::testing::Test {
 protected:
  void SetUp() override {
    golden_ = Golden::Read("nocontent");
    if (!golden_) GTEST_SKIP() << "no golden vectors at " << ATTUNE_GOLDEN_DIR;
  }
  std::optional<Golden> golden_;
};

TEST_F(GoldenReference, LossAndGradientsOfEveryVariant) {
  ASSERT_EQ(golden_->variants().size(), 10u);
  for (const auto& [name, variant] : golden_->variants().items()) {
    const auto& config = variant.at("config");
    ReferenceModel model(testing::GoldenSpec(*golden_, config), golden_->Parameters(), golden_->Histories());
    const L2 l2 = testing::GoldenL2(config);
    const bool mean = config.at("reduction") == "mean";
    const auto batch = golden_->Batch();
    EXPECT_NEAR(model.Loss(batch, l2, mean), variant.at("loss").get<double>(), kTolerance) << name;
    EXPECT_NEAR(model.Loss(batch, {}, mean), variant.at("data_loss").get<double>(), kTolerance) << name;

    ReferenceParameters gradient = model.Gradient(batch, l2, mean);
    const std::vector<std::string> names = {"U", "V", "P", "W1u", "W1v", "W1p", "b1", "w1"};
    const auto arrays = gradient.All();
    for (std::size_t n = 0; n < names.size(); ++n) {
      if (!variant.at("grad").contains(names[n])) continue;
      ExpectClose(*arrays[n], Flat(variant.at("grad").at(names[n])), name + "/" + names[n]);
    }
  }
}

TEST_F(GoldenReference, ScoresOfEveryUserAndItem) {
  for (const auto& [name, variant] : golden_->variants().items()) {
    const ReferenceModel model(testing::GoldenSpec(*golden_, variant.at("config")), golden_->Parameters(),
                               golden_->Histories());
    std::vector<double> scores;
    for (Index user = 0; user < golden_->Histories().size(); ++user) {
      for (Index item = 0; item < 9; ++item) scores.push_back(model.Score(user, item));
    }
    ExpectClose(scores, Flat(variant.at("scores")), name);
  }
}

TEST_F(GoldenReference, AttentionWeightsAndMarginsOfEveryTriple) {
  for (const auto& [name, variant] : golden_->variants().items()) {
    const ReferenceModel model(testing::GoldenSpec(*golden_, variant.at("config")), golden_->Parameters(),
                               golden_->Histories());
    const auto batch = golden_->Batch();
    for (std::size_t t = 0; t < batch.size(); ++t) {
      const auto& expected = variant.at("forward")[t];
      const auto history = model.History(batch[t].user, batch[t].positive);
      const ReferenceForward forward = model.Forward(batch[t].user, history);
      if (!forward.alpha.empty()) ExpectClose(forward.alpha, Flat(expected.at("alpha")), name);
      ExpectClose(forward.u_prime, Flat(expected.at("u_prime")), name);
    }
  }
}

/// A small random model: 3 users, 6 items, D = 3, H1 = 4.
ReferenceModel RandomModel(const ModelSpec& spec, unsigned seed) {
  std::srand(seed);
  auto values = [](std::size_t count) {
    std::vector<double> v(count);
    for (double& x : v) x = std::rand() / (RAND_MAX + 1.0) * 2 - 1;
    return v;
  };
  ReferenceParameters parameters{values(9),  values(18), values(18), values(12),
                                 values(12), values(12), values(4),  values(4)};
  return ReferenceModel(spec, parameters, {{0, 1, 2, 5}, {3}, {}});
}

TEST(Reference, GradientsAgreeWithFiniteDifferencesForEveryParameter) {
  const std::vector<Triple> batch = {{0, 1, 3}, {0, 5, 4}, {1, 3, 0}, {2, 4, 1}, {0, 1, 3}};
  const L2 l2{0.1, 0.2, 0.3, 0.05, 2.0, true};
  unsigned seed = 0;
  for (const auto attention : {ItemAttention::kNone, ItemAttention::kAverage, ItemAttention::kAttention}) {
    for (const bool exclude : {false, true}) {
      for (const bool user_vector : {false, true}) {
        ModelSpec spec{.dim = 3, .item_attention = attention, .item_hidden = 4, .history_exponent = 0.5};
        spec.exclude_target = exclude;
        spec.user_vector = user_vector;
        ReferenceModel model = RandomModel(spec, ++seed);
        ReferenceParameters gradient = model.Gradient(batch, l2, false);
        const auto gradients = gradient.All();
        const auto values = model.parameters().All();
        for (std::size_t a = 0; a < values.size(); ++a) {
          for (std::size_t n = 0; n < values[a]->size(); ++n) {
            constexpr double kStep = 1e-5;
            double& x = (*values[a])[n];
            const double saved = x;
            x = saved + kStep;
            const double above = model.Loss(batch, l2, false);
            x = saved - kStep;
            const double below = model.Loss(batch, l2, false);
            x = saved;
            ASSERT_NEAR((*gradients[a])[n], (above - below) / (2 * kStep), 1e-7)
                << "array " << a << " at " << n;
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace attune::model
