#include "worker/delta_weights.h"

#include <gtest/gtest.h>

#include <vector>

namespace attune::worker {
namespace {

/// A row [v | p] of 20 coordinates each, which are padded to 32, with AdaGrad's state behind them.
class DeltaWeightsTest : public ::testing::Test {
 protected:
  static constexpr std::size_t kWidth = 20;

  DeltaWeightsTest() { weights_.SetLeast(0.25F); }

  /// What counts of the first number of v, of p and of v's state, where v's are all `v` and so on.
  std::vector<float> Add(float v, float p, float state = 1) {
    std::vector<float> delta(layout_.floats, state);
    for (const std::size_t part : {std::size_t{0}, layout_.second}) {
      std::fill_n(delta.begin() + static_cast<std::ptrdiff_t>(part), layout_.padded, 0.0F);
      std::fill_n(delta.begin() + static_cast<std::ptrdiff_t>(part), kWidth, part == 0 ? v : p);
    }
    less_ = weights_.Weigh(1, delta.data());
    for (std::size_t n = kWidth; n < layout_.padded; ++n) EXPECT_EQ(delta[n], 0) << "padding";
    return {delta[0], delta[layout_.second], delta[layout_.first_state]};
  }

  const RecordLayout layout_{kWidth, true, optim::Kind::kAdagrad};
  DeltaWeights weights_{2, layout_, true};
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

TEST_F(DeltaWeightsTest, WhoComesLaterLowersTheLeast) {
  for (const float v : {2.0F, -2.0F, 2.0F, -2.0F}) Add(v, 3);
  EXPECT_EQ(Add(2, 3)[0], 0.5);
  weights_.SetLeast(0.125F);
  EXPECT_EQ(Add(-2, 3)[0], -0.25);
  EXPECT_EQ(Add(2, 3)[0], 0.25);
}

TEST_F(DeltaWeightsTest, WhatRoundingHasLeftHasNoDirection) {
  Add(2, 3);
  // A remainder of the addition before comes between any two.
  EXPECT_EQ(Add(0.01F, -0.01F), (std::vector<float>{0.01F, -0.01F, 1}));
  EXPECT_EQ(Add(-2, 3)[0], -1);
  Add(-0.01F, 0);
  EXPECT_EQ(Add(2, 3)[0], 0.5);
  // A part that does not move is not less than all of it.
  Add(2, 0);
  EXPECT_TRUE(less_);
  Add(0, 3);
  EXPECT_FALSE(less_);
  Add(2, 3);
  // Additions that have become small for good are heard.
  float counts = 0;
  for (int n = 0; n < 20; ++n) counts = Add(n % 2 == 0 ? 0.001F : -0.001F, 3)[0];
  EXPECT_FLOAT_EQ(counts, -0.00025F);
}

TEST_F(DeltaWeightsTest, OtherSignsThatChanceExplainsAreNoTurn) {
  std::vector<float> delta(layout_.floats, 1);
  // Of 20 fair coins 10 + 5.6 are two and a half standard deviations.
  for (const std::size_t turned : {15, 16}) {
    DeltaWeights weights(1, layout_, true);
    weights.SetLeast(0.25F);
    std::fill(delta.begin(), delta.end(), 1.0F);
    weights.Weigh(0, delta.data());
    std::fill_n(delta.begin(), turned, -1.0F);
    EXPECT_EQ(weights.Weigh(0, delta.data()), turned == 16) << turned;
  }
}

TEST_F(DeltaWeightsTest, RowsWithoutPAndNarrowOnes) {
  for (const std::size_t width : {6, 8}) {
    const RecordLayout layout(width, false, optim::Kind::kSgd);
    DeltaWeights weights(1, layout, true);
    weights.SetLeast(0.25F);
    std::vector<float> delta(layout.floats);
    std::fill_n(delta.begin(), width, 1.0F);
    EXPECT_FALSE(weights.Weigh(0, delta.data()));
    std::fill_n(delta.begin(), width, -1.0F);
    EXPECT_EQ(weights.Weigh(0, delta.data()), width == 8) << "all of six turn by chance too often";
  }
}

TEST_F(DeltaWeightsTest, WhereTheyAreOffAllCounts) {
  DeltaWeights weights(2, layout_, false);
  weights.SetLeast(0.25F);
  std::vector<float> delta(layout_.floats, 1);
  EXPECT_FALSE(weights.Weigh(0, delta.data()));
  std::fill(delta.begin(), delta.end(), -1.0F);
  EXPECT_FALSE(weights.Weigh(0, delta.data()));
  EXPECT_EQ(delta, std::vector<float>(layout_.floats, -1.0F));
}

}  // namespace
}  // namespace attune::worker
