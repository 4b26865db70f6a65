#include "worker/delta_weights.h"

#include <gtest/gtest.h>

#include <vector>

namespace attune::worker {
namespace {

/// A row [v | p] of 32 coordinates each, AdaGrad's state behind them.
class DeltaWeightsTest : public ::testing::Test {
 protected:
  static constexpr std::size_t kWidth = 32;

  /// What counts of the first number of v, of p and of v's state, where v's are all `v` and so on.
  std::vector<float> Add(float v, float p, float state = 1) {
    std::vector<float> delta(layout_.floats, state);
    std::fill_n(delta.begin(), kWidth, v);
    std::fill_n(delta.begin() + static_cast<std::ptrdiff_t>(layout_.second), kWidth, p);
    less_ = weights_.Weigh(1, delta.data());
    return {delta[0], delta[layout_.second], delta[layout_.first_state]};
  }

  const RecordLayout layout_{kWidth, true, optim::Kind::kAdagrad};
  DeltaWeights weights_{2, layout_, 0.25F};
  bool less_ = false;
};

TEST_F(DeltaWeightsTest, AllCountsOfWhatGoesOnAsBefore) {
  for (int n = 0; n < 5; ++n) {
    EXPECT_EQ(Add(2, -3), (std::vector<float>{2, -3, 1}));
    EXPECT_FALSE(less_);
  }
}

TEST_F(DeltaWeightsTest, APartThatTurnsCountsHalfAndNeverLessThanTheLeast) {
  Add(2, 3);
  EXPECT_EQ(Add(-2, 3), (std::vector<float>{-1, 3, 1}));
  EXPECT_TRUE(less_);
  EXPECT_EQ(Add(2, 3), (std::vector<float>{0.5, 3, 1}));
  EXPECT_EQ(Add(-2, 3), (std::vector<float>{-0.5, 3, 1}));
  // It goes on: a tenth more each time.
  EXPECT_NEAR(Add(-2, 3)[0], -0.55, 1e-6);
  for (int n = 0; n < 20; ++n) Add(-2, 3);
  EXPECT_EQ(Add(-2, 3)[0], -2);
  EXPECT_FALSE(less_);
}

TEST_F(DeltaWeightsTest, PartsThatDoNotMoveHaveNoDirection) {
  Add(2, 0);
  Add(0, 0);
  EXPECT_FALSE(less_);
  EXPECT_EQ(Add(-2, 3)[0], -2) << "it did not move just before";
}

TEST_F(DeltaWeightsTest, OtherSignsThatChanceExplainsAreNoTurn) {
  std::vector<float> delta(layout_.floats, 1);
  // Of 32 fair coins 16 + 7.07 are two and a half standard deviations.
  for (const std::size_t turned : {23, 24}) {
    DeltaWeights weights(1, layout_, 0.25F);
    std::fill(delta.begin(), delta.end(), 1.0F);
    weights.Weigh(0, delta.data());
    std::fill_n(delta.begin(), turned, -1.0F);
    EXPECT_EQ(weights.Weigh(0, delta.data()), turned == 24) << turned;
  }
}

TEST_F(DeltaWeightsTest, WithALeastWeightOfOneNothingIsKeptAndAllCounts) {
  DeltaWeights weights(2, layout_, 1);
  std::vector<float> delta(layout_.floats, 1);
  EXPECT_FALSE(weights.Weigh(0, delta.data()));
  std::fill(delta.begin(), delta.end(), -1.0F);
  EXPECT_FALSE(weights.Weigh(0, delta.data()));
  EXPECT_EQ(delta, std::vector<float>(layout_.floats, -1.0F));
}

}  // namespace
}  // namespace attune::worker
