#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "common/model/item_attention.h"

namespace attune::model {
namespace {

std::vector<float> SoftmaxAt(std::size_t offset, const std::vector<float>& logits) {
  std::vector<float> memory(offset + logits.size());
  const std::span<float> values = std::span(memory).subspan(offset);
  std::copy(logits.begin(), logits.end(), values.begin());
  Softmax(values);
  return {values.begin(), values.end()};
}

TEST(Softmax, BitsDoNotDependOnTheAddress) {
  for (const std::size_t size : {1, 15, 16, 17, 50}) {
    std::vector<float> logits(size);
    for (std::size_t n = 0; n < size; ++n) logits[n] = std::sin(static_cast<float>(7 * n));
    const std::vector<float> values = SoftmaxAt(0, logits);
    EXPECT_NEAR(std::accumulate(values.begin(), values.end(), 0.0), 1, 1e-6);
    for (std::size_t n = 0; n < size; ++n)
      EXPECT_NEAR(values[n] / values[0], std::exp(logits[n] - logits[0]), 1e-5);
    for (std::size_t offset = 1; offset < 17; ++offset) EXPECT_EQ(SoftmaxAt(offset, logits), values);
  }
}

TEST(Softmax, NoOverflow) {
  const std::vector<float> far = SoftmaxAt(0, {3e38f, -3e38f});
  EXPECT_EQ(far[0], 1.0f);
  EXPECT_LT(far[1], 1e-37f);  // the exponential ends near the least normal number
  EXPECT_TRUE(std::isnan(SoftmaxAt(0, {0, std::numeric_limits<float>::quiet_NaN()})[0]));
}

}  // namespace
}  // namespace attune::model
