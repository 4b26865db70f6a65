#include "common/eval/groups.h"

#include <gtest/gtest.h>

#include <array>

#include "common/eval/metrics.h"
#include "tests/support/expect_error.h"

namespace attune::eval {
namespace {

using testing::ErrorOf;

TEST(GroupBounds, AreRisingNumbers) {
  EXPECT_EQ(ParseGroupBounds("8,16", "--group-bounds"), (std::vector<std::uint32_t>{8, 16}));
  for (const char* wrong : {"", "8,", "16,8", "8,8", "a", "8;16", "99999999999"}) {
    const std::string error = ErrorOf(ErrorKind::kUsage, [&] { ParseGroupBounds(wrong, "--group-bounds"); });
    EXPECT_NE(error.find("--group-bounds"), std::string::npos) << error;
  }
}

TEST(UserGroups, EveryUserIsInTheGroupOfItsTrainingItems) {
  const std::array<std::uint32_t, 2> bounds = {2, 5};
  const std::array<std::uint32_t, 6> items = {0, 2, 3, 5, 6, 100};
  const auto groups = GroupUsers(bounds, items);
  ASSERT_EQ(groups.size(), 3u);
  EXPECT_EQ(groups[0].name, "0-2");
  EXPECT_EQ(groups[1].name, "3-5");
  EXPECT_EQ(groups[2].name, "6+");
  EXPECT_EQ(groups[0].users, (std::vector<std::size_t>{0, 1}));
  EXPECT_EQ(groups[1].users, (std::vector<std::size_t>{2, 3}));
  EXPECT_EQ(groups[2].users, (std::vector<std::size_t>{4, 5}));
}

TEST(MetricNames, AreKnownAndHaveTitles) {
  const auto names = MetricNames(true);
  EXPECT_EQ(names.size(), 3 * kCutoffs + 1);
  for (const std::string& name : names) EXPECT_NO_THROW(MetricOf(UserMetrics(), name)) << name;
  EXPECT_EQ(MetricTitle("ndcg@100"), "NDCG@100");
  EXPECT_EQ(MetricTitle("recall@10"), "Recall@10");
  EXPECT_EQ(MetricTitle("mrr"), "MRR");
}

}  // namespace
}  // namespace attune::eval
