#include "common/media/pooling.h"

#include <gtest/gtest.h>

#include <vector>

namespace attune::media {
namespace {

TEST(AdaptiveAveragePool, CellsOverlapWhereTheGridDoesNotDivideTheMap) {
  // Rows of a 3 x 1 map fall into 0..2 and 1..3.
  const std::vector<float> map = {1, 3, 8};
  EXPECT_EQ(AdaptiveAveragePool(map, 1, 3, 1, 2, 1), (std::vector<float>{2, 5.5F}));
}

TEST(AdaptiveAveragePool, CellsAreRowMajorAndHoldAllChannels) {
  const std::vector<float> map = {1, 2, 3, 4, 10, 20, 30, 40};  // [2, 2, 2]
  EXPECT_EQ(AdaptiveAveragePool(map, 2, 2, 2, 2, 2), (std::vector<float>{1, 10, 2, 20, 3, 30, 4, 40}));
  EXPECT_EQ(AdaptiveAveragePool(map, 2, 2, 2, 1, 1), (std::vector<float>{2.5F, 25}));
}

TEST(AdaptiveAveragePool, AGridFinerThanTheMapRepeatsIt) {
  EXPECT_EQ(AdaptiveAveragePool(std::vector<float>{7}, 1, 1, 1, 2, 2), (std::vector<float>{7, 7, 7, 7}));
}

}  // namespace
}  // namespace attune::media
