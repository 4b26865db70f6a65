#include "common/model/item_vectors.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "common/model/user_vectors.h"
#include "tests/support/tiny_content.h"

namespace attune::model {
namespace {

constexpr std::size_t kItems = 9, kDim = 5, kFeatures = 3;

std::vector<float> Normal(std::size_t count, unsigned seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal;
  std::vector<float> values(count);
  for (float& value : values) value = normal(generator);
  return values;
}

/// Items of 0, 1, 2, 0, … components; their means in plain loops.
struct Content {
  std::vector<std::vector<double>> components;
  std::vector<std::vector<double>> means;

  Content() {
    for (std::size_t item = 0; item < kItems; ++item) {
      const std::size_t count = item % 3;
      const auto values = Normal(count * kFeatures, static_cast<unsigned>(item) + 1);
      components.emplace_back(values.begin(), values.end());
      means.emplace_back(kFeatures, 0.0);
      for (std::size_t n = 0; n < values.size(); ++n)
        means[item][n % kFeatures] += values[n] / static_cast<double>(count);
    }
  }
};

TEST(ItemVectors, AreTheModelsOwnRowsWithoutContent) {
  const auto v = Normal(kItems * kDim, 7);
  ModelView view;
  view.spec.item_attention = ItemAttention::kNone;
  view.spec.dim = kDim;
  view.v = {v.data(), kItems, kDim, kDim};
  EXPECT_EQ(ItemVectors(view, 2).rows().data, v.data());
  EXPECT_EQ(ItemVectors::Bytes(view), 0u);
}

TEST(ItemVectors, OfItemContentAddFTimesTheMeanOfTheComponents) {
  const Content content;
  const testing::TinyContent tiny(content.components, kFeatures);
  const auto v = Normal(kItems * kDim, 7);
  ModelView view;
  view.spec.item_attention = ItemAttention::kNone;
  view.spec.item_content = ItemContent::kAverage;
  view.spec.dim = kDim;
  view.spec.feature_dim = kFeatures;
  Theta theta(view.spec);
  ASSERT_EQ(theta.trained(), kDim * kFeatures);
  const auto f = Normal(kDim * kFeatures, 8);
  std::ranges::copy(f, theta[ThetaName::kF].begin());
  view.theta = &theta;
  view.v = {v.data(), kItems, kDim, kDim};
  view.content = tiny.view();
  const ItemVectors vectors(view, 2);
  for (std::size_t item = 0; item < kItems; ++item) {
    for (std::size_t d = 0; d < kDim; ++d) {
      double expected = v[item * kDim + d];
      for (std::size_t c = 0; c < kFeatures; ++c) expected += f[d * kFeatures + c] * content.means[item][c];
      EXPECT_NEAR(vectors.rows()[item][d], expected, 1e-5);
    }
  }
}

/// CBF in plain loops: the cosine, or the product, of an item's mean and the mean of the history's means.
TEST(ContentMean, ScoresLikeAPlainDenseComputation) {
  const Content content;
  std::vector<float> v;
  for (const auto& mean : content.means) v.insert(v.end(), mean.begin(), mean.end());
  for (const Similarity similarity : {Similarity::kDot, Similarity::kCosine}) {
    ModelView view;
    view.spec = ContentMeanSpec(kFeatures, similarity);
    view.v = view.p = {v.data(), kItems, kFeatures, kFeatures};
    const UserVectors vectors(view, 1);
    for (const std::vector<Index>& history : {std::vector<Index>{4}, std::vector<Index>{1, 2, 3, 8},
                                              std::vector<Index>{3}, std::vector<Index>{}}) {
      std::vector<double> profile(kFeatures, 0.0);
      for (const Index item : history) {
        for (std::size_t c = 0; c < kFeatures; ++c)
          profile[c] += content.means[item][c] / static_cast<double>(history.size());
      }
      std::vector<float> user(kFeatures);
      vectors.Compute(kNoIndex, history, user);
      for (Index item = 0; item < kItems; ++item) {
        double dot = 0, own = 0, other = 0, score = 0;
        for (std::size_t c = 0; c < kFeatures; ++c) {
          dot += profile[c] * content.means[item][c];
          own += profile[c] * profile[c];
          other += content.means[item][c] * content.means[item][c];
          score += static_cast<double>(user[c]) * vectors.items()[item][c];
        }
        const bool cosine = similarity == Similarity::kCosine && own > 0 && other > 0;
        EXPECT_NEAR(score, cosine ? dot / std::sqrt(own * other) : dot, 1e-6);
      }
    }
  }
}

}  // namespace
}  // namespace attune::model
