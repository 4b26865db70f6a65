#include "common/model/user_vectors.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/golden.h"
#include "tests/support/tiny_content.h"

namespace attune::model {
namespace {

using testing::Flat;
using testing::Golden;

/// A model of floats with the parameters of a golden case.
class FloatModel {
 public:
  FloatModel(const Golden& golden, const nlohmann::json& config)
      : parameters_(golden.Parameters()),
        content_(golden.Components(),
                 golden.Components().empty() ? 1 : std::size_t{golden.root["dims"]["F"]}),
        u_(Floats(parameters_.U)),
        v_(Floats(parameters_.V)),
        p_(Floats(parameters_.P)) {
    view_.spec = testing::GoldenSpec(golden, config);
    theta_ = Theta(view_.spec);
    const auto arrays = parameters_.All();
    for (const ThetaBlock& block : theta_.blocks()) {
      for (std::size_t n = 0; n < arrays.size(); ++n) {
        if (testing::kParameterNames[n] == block.file) Copy(*arrays[n], theta_[block.name]);
      }
    }
    const std::size_t dim = view_.spec.dim;
    view_.u = {u_.data(), u_.size() / dim, dim, dim};
    view_.v = {v_.data(), v_.size() / dim, dim, dim};
    view_.p = {p_.data(), p_.size() / dim, dim, dim};
    view_.theta = &theta_;
    if (view_.spec.HasContent()) view_.content = content_.view();
  }

  const ModelView& view() const { return view_; }

 private:
  static std::vector<float> Floats(const std::vector<double>& values) {
    return {values.begin(), values.end()};
  }
  static void Copy(const std::vector<double>& from, std::span<float> to) {
    for (std::size_t n = 0; n < to.size(); ++n) to[n] = static_cast<float>(from[n]);
  }

  const ReferenceParameters parameters_;
  testing::TinyContent content_;
  std::vector<float> u_, v_, p_;
  Theta theta_;
  ModelView view_;
};

class GoldenUserVectors : public ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Cases, GoldenUserVectors, ::testing::Values("nocontent", "fixed", "variable"));

TEST_P(GoldenUserVectors, ScoresOfEveryUserAndItem) {
  const auto golden = Golden::Read(GetParam());
  if (!golden) GTEST_SKIP() << "no golden vectors at " << ATTUNE_GOLDEN_DIR;
  const auto histories = golden->Histories();
  for (const auto& [name, variant] : golden->variants().items()) {
    const FloatModel model(*golden, variant.at("config"));
    const UserVectors vectors(model.view(), 2);
    const std::vector<double> expected = Flat(variant.at("scores"));
    const std::size_t dim = model.view().spec.dim;
    std::vector<float> prime(dim);
    std::size_t at = 0;
    for (Index user = 0; user < histories.size(); ++user) {
      vectors.Compute(user, histories[user], prime);
      for (Index item = 0; item < model.view().v.rows; ++item, ++at) {
        double score = 0;
        for (std::size_t c = 0; c < dim; ++c) score += prime[c] * model.view().v[item][c];
        ASSERT_NEAR(score, expected[at], 2e-5 * std::max(1.0, std::abs(expected[at]))) << name;
      }
    }
    ASSERT_EQ(at, expected.size());
  }
}

TEST_P(GoldenUserVectors, WeightsOfTheHistoryAndOfItsComponents) {
  const auto golden = Golden::Read(GetParam());
  if (!golden) GTEST_SKIP() << "no golden vectors at " << ATTUNE_GOLDEN_DIR;
  for (const auto& [name, variant] : golden->variants().items()) {
    if (!testing::GoldenSpec(*golden, variant.at("config")).HasHistory()) continue;
    const FloatModel model(*golden, variant.at("config"));
    const UserVectors vectors(model.view(), 1);
    std::vector<float> prime(model.view().spec.dim);
    const auto batch = golden->Batch();
    for (std::size_t t = 0; t < batch.size(); ++t) {
      const auto& forward = variant.at("forward")[t];
      const auto history = forward.at("history").get<std::vector<Index>>();
      if (history.empty()) continue;
      std::vector<float> alpha(history.size());
      std::vector<std::vector<float>> betas;
      vectors.Compute(batch[t].user, history, prime, alpha, &betas);
      const auto expected = Flat(forward.at("alpha"));
      for (std::size_t n = 0; n < history.size(); ++n) EXPECT_NEAR(alpha[n], expected[n], 2e-5) << name;
      if (!model.view().spec.HasComponentAttention()) continue;
      for (std::size_t n = 0; n < history.size(); ++n) {
        const auto beta = Flat(forward.at("beta")[n]);
        ASSERT_EQ(betas[n].size(), beta.size()) << name;
        for (std::size_t m = 0; m < beta.size(); ++m) EXPECT_NEAR(betas[n][m], beta[m], 2e-5) << name;
      }
    }
  }
}

}  // namespace
}  // namespace attune::model
