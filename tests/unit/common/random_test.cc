#include "common/random.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace attune::random {
namespace {

TEST(Random, DrawsAreAPureFunctionOfTheirKey) {
  const Stream a(7, Purpose::kNegative, 3);
  EXPECT_EQ(a(1, 2, 3, 4), Stream(7, Purpose::kNegative, 3)(1, 2, 3, 4));
  EXPECT_NE(a(1, 2, 3, 4), a(1, 2, 3, 5));
  EXPECT_NE(a(1), Stream(8, Purpose::kNegative, 3)(1));
  EXPECT_NE(a(1), Stream(7, Purpose::kBootstrap, 3)(1));
  EXPECT_NE(a(1), Stream(7, Purpose::kNegative, 4)(1));
}

TEST(Random, PermutationIsABijectionForEverySize) {
  for (std::uint32_t n = 1; n < 300; ++n) {
    const Permutation permutation(n, {n, 2, 3, 4});
    std::vector<bool> hit(n, false);
    for (std::uint32_t x = 0; x < n; ++x) {
      const std::uint32_t y = permutation(x);
      ASSERT_LT(y, n);
      ASSERT_FALSE(hit[y]);
      hit[y] = true;
    }
  }
}

TEST(Random, PermutationMovesEverythingEverywhere) {
  // Where 0 goes, over many keys: uniform over ten places.
  std::vector<int> counts(10, 0);
  const Stream stream(1, Purpose::kPositiveOrder);
  for (std::uint32_t key = 0; key < 10'000; ++key) ++counts[Permutation(10, stream(key))(0)];
  for (const int count : counts) EXPECT_NEAR(count, 1000, 180);  // six standard deviations
}

TEST(Random, NormalsHaveMeanZeroAndDeviationOne) {
  const Stream stream(1, Purpose::kInitialRow);
  double sum = 0, squares = 0;
  constexpr std::uint32_t kBlocks = 25'000;
  for (std::uint32_t n = 0; n < kBlocks; ++n) {
    for (const float x : Normals(stream(n))) {
      ASSERT_TRUE(std::isfinite(x));
      sum += x;
      squares += x * x;
    }
  }
  EXPECT_NEAR(sum / (4 * kBlocks), 0.0, 0.02);
  EXPECT_NEAR(squares / (4 * kBlocks), 1.0, 0.03);
}

TEST(Random, BoundedIsUnbiasedAndInRange) {
  std::uint32_t out = 0;
  EXPECT_TRUE(Bounded(0xffffffffu, 10, &out));
  EXPECT_EQ(out, 9u);
  // 2^32 mod 10 = 6 words are refused, so that the rest divides evenly.
  int refused = 0;
  for (std::uint64_t word = 0; word < 10; ++word) {
    // Words whose product has a small low half are k * 2^32 / 10 rounded up.
    const auto edge = static_cast<std::uint32_t>((word << 32) / 10 + (word > 0));
    refused += !Bounded(edge, 10, &out);
  }
  EXPECT_LE(refused, 6);
  EXPECT_GE(refused, 1);
}

}  // namespace
}  // namespace attune::random
