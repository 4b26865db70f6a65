#include "common/model/gemm.h"

#include <gtest/gtest.h>

namespace attune::model {
namespace {

TEST(ProductScratchBytes, OfAnEmptyProductIsNothing) {
  EXPECT_EQ(ProductScratchBytes(0, 64, 64), 0u);
  EXPECT_EQ(ProductScratchBytes(64, 0, 64), 0u);
  EXPECT_EQ(ProductScratchBytes(64, 64, 0), 0u);
}

TEST(ProductScratchBytes, IsAtMostACopyOfBothFactors) {
  for (const std::size_t k : {1u, 64u, 5000u}) {
    const std::uint64_t bytes = ProductScratchBytes(300, 64, k);
    EXPECT_GT(bytes, 0u);
    EXPECT_LE(bytes, (300 + 64) * k * sizeof(float));
  }
}

}  // namespace
}  // namespace attune::model
