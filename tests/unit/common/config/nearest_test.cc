#include "common/config/nearest.h"

#include <gtest/gtest.h>

namespace attune::config {
namespace {

TEST(EditDistance, CountsInsertionsRemovalsReplacementsAndSwaps) {
  EXPECT_EQ(EditDistance("", ""), 0u);
  EXPECT_EQ(EditDistance("abc", ""), 3u);
  EXPECT_EQ(EditDistance("kitten", "sitting"), 3u);
  EXPECT_EQ(EditDistance("trian", "train"), 1u);
  EXPECT_EQ(EditDistance("ab", "ba"), 1u);
}

TEST(Nearest, FindsTheClosestWord) {
  EXPECT_EQ(Nearest("visit_triple", {"visit_steps", "visit_triples"}), "visit_triples");
  EXPECT_EQ(Nearest("lr", {"l2", "dim"}), "l2");
}

TEST(Nearest, SaysNothingWhenNothingIsClose) {
  EXPECT_EQ(Nearest("banana", {"lr", "dim"}), "");
  EXPECT_EQ(DidYouMean("banana", {"lr", "dim"}), "");
  EXPECT_EQ(DidYouMean("dims", {"lr", "dim"}), "; did you mean 'dim'?");
}

}  // namespace
}  // namespace attune::config
