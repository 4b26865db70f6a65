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

/// Cases: without content, with three components an item, with none to five.
class GoldenReference : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    golden_ = Golden::Read(GetParam());
    if (!golden_) GTEST_SKIP() << "no golden vectors at " << ATTUNE_GOLDEN_DIR;
  }
  ReferenceModel Model(const nlohmann::json& config) const {
    return ReferenceModel(testing::GoldenSpec(*golden_, config), golden_->Parameters(), golden_->Histories(),
                          golden_->Components());
  }

  std::optional<Golden> golden_;
};

INSTANTIATE_TEST_SUITE_P(Cases, GoldenReference, ::testing::Values("nocontent", "fixed", "variable"));

TEST_P(GoldenReference, LossAndGradientsOfEveryVariant) {
  ASSERT_EQ(golden_->variants().size(), golden_->Components().empty() ? 10u : 16u);
  for (const auto& [name, variant] : golden_->variants().items()) {
    const auto& config = variant.at("config");
    ReferenceModel model = Model(config);
    const L2 l2 = testing::GoldenL2(config);
    const bool mean = config.at("reduction") == "mean";
    const auto batch = golden_->Batch();
    EXPECT_NEAR(model.Loss(batch, l2, mean), variant.at("loss").get<double>(), kTolerance) << name;
    EXPECT_NEAR(model.Loss(batch, {}, mean), variant.at("data_loss").get<double>(), kTolerance) << name;

    const ReferenceParameters gradient = model.Gradient(batch, l2, mean);
    const auto& names = testing::kParameterNames;
    const auto arrays = gradient.All();
    for (std::size_t n = 0; n < names.size(); ++n) {
      if (!variant.at("grad").contains(names[n])) continue;
      ExpectClose(*arrays[n], Flat(variant.at("grad").at(names[n])), name + "/" + names[n]);
    }
  }
}

TEST_P(GoldenReference, ScoresOfEveryUserAndItem) {
  for (const auto& [name, variant] : golden_->variants().items()) {
    const ReferenceModel model = Model(variant.at("config"));
    std::vector<double> scores;
    for (Index user = 0; user < golden_->Histories().size(); ++user) {
      for (Index item = 0; item < 9; ++item) scores.push_back(model.Score(user, item));
    }
    ExpectClose(scores, Flat(variant.at("scores")), name);
  }
}

TEST_P(GoldenReference, AttentionWeightsAndMarginsOfEveryTriple) {
  for (const auto& [name, variant] : golden_->variants().items()) {
    const ReferenceModel model = Model(variant.at("config"));
    const auto batch = golden_->Batch();
    for (std::size_t t = 0; t < batch.size(); ++t) {
      const auto& expected = variant.at("forward")[t];
      const auto history = model.History(batch[t].user, batch[t].positive);
      const ReferenceForward forward = model.Forward(batch[t].user, history);
      if (!forward.alpha.empty()) ExpectClose(forward.alpha, Flat(expected.at("alpha")), name);
      ExpectClose(forward.u_prime, Flat(expected.at("u_prime")), name);
      for (std::size_t n = 0; n < history.size() && variant.at("config").at("comp") != "none"; ++n) {
        ExpectClose(forward.content[n].beta, Flat(expected.at("beta")[n]), name);
        ExpectClose(forward.content[n].x, Flat(expected.at("x")[n]), name);
      }
    }
  }
}

/// A small random model: 3 users, 6 items of 0 to 3 components, D = 3, H1 = 4, H2 = 5, Dx = 2.
ReferenceModel RandomModel(const ModelSpec& spec, unsigned seed) {
  std::srand(seed);
  auto values = [](std::size_t count) {
    std::vector<double> v(count);
    for (double& x : v) x = std::rand() / (RAND_MAX + 1.0) * 2 - 1;
    return v;
  };
  ReferenceParameters parameters{values(9),  values(18), values(18), values(12), values(12),
                                 values(12), values(4),  values(4),  values(8),  values(15),
                                 values(10), values(5),  values(5),  values(6)};
  std::vector<std::vector<double>> components;
  for (const std::size_t count : {1, 3, 2, 2, 3, 0}) components.push_back(values(2 * count));
  return ReferenceModel(spec, parameters, {{0, 1, 2, 5}, {3}, {}}, components);
}

void ExpectGradientsLikeFiniteDifferences(const ModelSpec& spec, unsigned seed) {
  const std::vector<Triple> batch = {{0, 1, 3}, {0, 5, 4}, {1, 3, 0}, {2, 4, 1}, {0, 1, 3}};
  const L2 l2{0.1, 0.2, 0.3, 0.05, 2.0, true};
  constexpr double kStep = 1e-5;
  ReferenceModel model = RandomModel(spec, seed);
  const ReferenceParameters gradient = model.Gradient(batch, l2, false);
  const auto gradients = gradient.All();
  const auto values = model.parameters().All();
  for (std::size_t a = 0; a < values.size(); ++a) {
    for (std::size_t n = 0; n < values[a]->size(); ++n) {
      double& x = (*values[a])[n];
      const double saved = x;
      x = saved + kStep;
      const double above = model.Loss(batch, l2, false);
      x = saved - kStep;
      const double below = model.Loss(batch, l2, false);
      x = saved;
      ASSERT_NEAR((*gradients[a])[n], (above - below) / (2 * kStep), 1e-7)
          << "seed " << seed << ", " << testing::kParameterNames[a] << " at " << n;
    }
  }
}

TEST(Reference, GradientsAgreeWithFiniteDifferencesForEveryParameter) {
  unsigned seed = 0;
  for (const auto attention : {ItemAttention::kNone, ItemAttention::kAverage, ItemAttention::kAttention}) {
    for (const bool exclude : {false, true}) {
      for (const bool user_vector : {false, true}) {
        ModelSpec spec{.dim = 3, .item_attention = attention, .item_hidden = 4, .history_exponent = 0.5};
        spec.exclude_target = exclude;
        spec.user_vector = user_vector;
        ExpectGradientsLikeFiniteDifferences(spec, ++seed);
      }
    }
  }
}

TEST(Reference, ContentGradientsAgreeWithFiniteDifferencesForEveryParameter) {
  unsigned seed = 100;
  for (const auto components : {ComponentAttention::kAverage, ComponentAttention::kAttention}) {
    for (const bool exclude : {false, true}) {
      for (const bool content_alone : {false, true}) {
        ModelSpec spec{
            .dim = 3, .attend_content = true, .item_hidden = 4, .component_hidden = 5, .feature_dim = 2};
        spec.component_attention = components;
        spec.exclude_target = exclude;
        if (content_alone) spec.attend_user = spec.attend_item = spec.attend_history = false;
        ExpectGradientsLikeFiniteDifferences(spec, ++seed);
      }
    }
  }
}

TEST(Reference, GradientsOfItemContentAgreeWithFiniteDifferences) {
  unsigned seed = 200;
  for (const auto attention : {ItemAttention::kNone, ItemAttention::kAverage}) {
    for (const bool exclude : {false, true}) {
      for (const bool user_vector : {false, true}) {
        ModelSpec spec{.dim = 3, .item_attention = attention, .feature_dim = 2, .history_exponent = 0.5};
        spec.item_content = ItemContent::kAverage;
        spec.exclude_target = exclude;
        spec.user_vector = user_vector;
        ExpectGradientsLikeFiniteDifferences(spec, ++seed);
      }
    }
  }
}

}  // namespace
}  // namespace attune::model
