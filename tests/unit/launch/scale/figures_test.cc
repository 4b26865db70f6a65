#include "launch/scale/figures.h"

#include <gtest/gtest.h>

namespace attune::launch {
namespace {

TEST(ScaleFigures, SpreadIsMedianEndsAndQuartiles) {
  const RepeatSpread odd = SpreadOfRepeats({5, 1, 2});
  EXPECT_EQ(odd.repeats, 3u);
  EXPECT_DOUBLE_EQ(odd.median, 2);
  EXPECT_DOUBLE_EQ(odd.least, 1);
  EXPECT_DOUBLE_EQ(odd.most, 5);
  EXPECT_DOUBLE_EQ(odd.lower_quartile, 1.5);
  EXPECT_DOUBLE_EQ(odd.upper_quartile, 3.5);
  EXPECT_DOUBLE_EQ(SpreadOfRepeats({1, 2, 3, 4}).median, 2.5);
  EXPECT_DOUBLE_EQ(SpreadOfRepeats({7}).upper_quartile, 7);
}

TEST(ScaleFigures, TheBaselineIsTheProcessWhoseThreadsDoTheMostEach) {
  const std::vector<SingleRate> rates = {{"threads-1", 1, 100}, {"threads-2", 2, 180}, {"threads-4", 4, 170}};
  EXPECT_EQ(BestPerWorker(rates).id, "threads-1");
  EXPECT_EQ(Fastest(rates).id, "threads-2");
  // Two threads that do more than twice as much as one, as caches may make them.
  EXPECT_EQ(BestPerWorker({{"threads-1", 1, 100}, {"threads-2", 2, 220}}).id, "threads-2");
}

TEST(ScaleFigures, EfficiencyIsAgainstTheBaselinesWorker) {
  EXPECT_DOUBLE_EQ(Efficiency(300, 4, {"threads-1", 1, 100}), 0.75);
  EXPECT_DOUBLE_EQ(Efficiency(300, 2, {"threads-2", 2, 300}), 1);
  EXPECT_DOUBLE_EQ(Ceiling(4, 2), 0.5);
  EXPECT_DOUBLE_EQ(Ceiling(2, 4), 1);
}

TEST(ScaleFigures, TimeToQualityIsThatOfTheFirstEvaluationThatReachesIt) {
  const LearningCurve slow = {{1, 0.1}, {2, 0.3}, {3, 0.2}, {4, 0.5}};
  const LearningCurve fast = {{1, 0.4}, {2, 0.35}};
  EXPECT_EQ(SecondsTo(slow, 0.3), 2);
  EXPECT_EQ(SecondsTo(slow, 0.31), 4);
  EXPECT_EQ(SecondsTo(slow, 0.6), std::nullopt);
  EXPECT_DOUBLE_EQ(CommonTarget({slow, fast}), 0.4);
  EXPECT_EQ(SecondsTo(fast, CommonTarget({slow, fast})), 1);
}

}  // namespace
}  // namespace attune::launch
