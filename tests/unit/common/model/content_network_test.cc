#include "common/model/content_network.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <random>

namespace attune::model {
namespace {

constexpr std::size_t kItems = 400, kFeatures = 6, kDim = 4;

/// Vectors that content decides, through a bend that no plane follows: v = A |x| + a, far from 0 and short.
struct Case {
  std::vector<float> x, v;
  std::vector<Index> even;

  Case() {
    std::mt19937 generator(3);
    std::normal_distribution<float> normal;
    std::vector<float> a(kDim * kFeatures);
    for (float& value : a) value = normal(generator);
    for (std::size_t item = 0; item < kItems; ++item) {
      for (std::size_t c = 0; c < kFeatures; ++c) x.push_back(5.0f + 3.0f * normal(generator));
      for (std::size_t d = 0; d < kDim; ++d) {
        float value = 0.2f;
        for (std::size_t c = 0; c < kFeatures; ++c)
          value += 0.01f * a[d * kFeatures + c] * std::abs(x[item * kFeatures + c] - 5.0f);
        v.push_back(value);
      }
      if (item % 2 == 0) even.push_back(static_cast<Index>(item));
    }
  }
  RowsView features() const { return {x.data(), kItems, kFeatures, kFeatures}; }
  RowsView vectors() const { return {v.data(), kItems, kDim, kDim}; }
};

TEST(ContentNetwork, LearnsVectorsOfItemsThatItHasNotSeen) {
  const Case given;
  const TrainedNetwork trained =
      TrainContentNetwork(given.features(), given.vectors(), given.even, {64, 400, 32, 0.003, 1e-4, 1});
  EXPECT_LT(trained.error, 0.02 * trained.variance);
  std::vector<float> out(kItems * kDim);
  trained.network.Apply({given.x.data(), kItems, kFeatures, kFeatures}, {out.data(), kItems, kDim, kDim});
  double error = 0;
  for (std::size_t item = 1; item < kItems; item += 2) {
    for (std::size_t d = 0; d < kDim; ++d)
      error += std::pow(out[item * kDim + d] - given.v[item * kDim + d], 2) / (kItems / 2);
  }
  EXPECT_LT(error, 0.15 * trained.variance);
}

TEST(ContentNetwork, WithoutEpochsItsErrorIsThatOfANetworkOfItsFirstWeights) {
  const Case given;
  const TrainedNetwork untrained =
      TrainContentNetwork(given.features(), given.vectors(), given.even, {8, 0, 32, 0.01, 0, 1});
  EXPECT_GT(untrained.error, untrained.variance);
  const TrainedNetwork again =
      TrainContentNetwork(given.features(), given.vectors(), given.even, {8, 0, 32, 0.01, 0, 1});
  EXPECT_EQ(untrained.network.w1, again.network.w1);
  const TrainedNetwork other =
      TrainContentNetwork(given.features(), given.vectors(), given.even, {8, 0, 32, 0.01, 0, 2});
  EXPECT_NE(untrained.network.w1, other.network.w1);
}

TEST(ContentNetwork, IsStoppedWhenAskedTo) {
  const Case given;
  int epochs = 0;
  TrainContentNetwork(given.features(), given.vectors(), given.even, {8, 100, 32, 0.01, 0, 1},
                      [&] { return ++epochs == 3; });
  EXPECT_EQ(epochs, 3);
}

TEST(ContentNetwork, FeaturesAndVectorsThatDoNotVaryAreNoTrouble) {
  const std::vector<float> x(3 * 2, 7.0f), v(3 * 2, -1.0f);
  const std::vector<Index> all = {0, 1, 2};
  const TrainedNetwork trained = TrainContentNetwork({x.data(), 3, 2, 2}, {v.data(), 3, 2, 2}, all, {});
  EXPECT_TRUE(std::isfinite(trained.error));
}

}  // namespace
}  // namespace attune::model
