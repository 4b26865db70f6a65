#include <gtest/gtest.h>

#include <string>
#include <tuple>
#include <vector>

#include "common/data/dataset.h"
#include "common/data/prepare.h"
#include "tests/unit/common/data/prepare_fixture.h"

namespace attune::data {
namespace {

TEST_F(PrepareTest, DuplicatesKeepTheEarliestOrTheLatest) {
  options_.split.mode = SplitMode::kNone;
  options_.overwrite = true;
  const std::string log = "user\titem\ttimestamp\nu\ta\t3\nu\tb\t2\nu\ta\t1\nu\ta\t9\nu\ta\t9\n";
  EXPECT_EQ(Run(log).filters[0].removed, 3u);
  EXPECT_EQ(Train(), "u:a,b");
  options_.filters.duplicates = Duplicates::kLast;
  Run(log);
  EXPECT_EQ(Train(), "u:b,a");
}

TEST_F(PrepareTest, FiltersAreAppliedInTheirOrderAndReported) {
  options_.split.mode = SplitMode::kNone;
  options_.log.min_rating = 2;
  options_.filters.since_us = 2'000'000;
  options_.filters.until_us = 100'000'000;
  options_.filters.min_user_interactions = 2;
  options_.filters.min_item_interactions = 2;
  options_.filters.top_items = 2;
  options_.filters.sample_users = 2;
  const PrepareReport report =
      Run("user\titem\ttimestamp\trating\n"
          "low\ta\t5\t1\n"
          "early\ta\t1\t5\n"
          "early\ta\t7\t5\n"  // goes with its duplicate
          "late\ta\t100\t5\n"
          "x\ta\t5\t2\nx\tb\t5\t2\nx\tc\t6\t2\n"
          "y\ta\t5\t2\ny\tb\t5\t2\ny\tc\t5\t2\n"
          "z\ta\t5\t2\nz\tb\t5\t2\nz\trare\t5\t2\n"
          "one\ta\t5\t2\none\trare2\t6\t2\n");
  ASSERT_EQ(report.filters.size(), 6u);
  const std::vector<std::tuple<std::string, int, int, int, int>> expected = {
      {"rating", 1, 14, 6, 5},
      {"duplicates", 1, 13, 6, 5},
      {"time window", 2, 11, 4, 5},
      {"least interactions (k-core)", 3, 8, 3, 3},
      {"most frequent items", 2, 6, 3, 2},
      {"sample of users", 2, 4, 2, 2}};
  for (std::size_t n = 0; n < expected.size(); ++n) {
    const FilterReport& f = report.filters[n];
    EXPECT_EQ(std::make_tuple(f.name, int(f.removed), int(f.interactions), int(f.users), int(f.items)),
              expected[n]);
  }
  EXPECT_EQ(Text("items.tsv"), "a\nb\n");
  EXPECT_EQ(Dataset(directory_ / "data").num_users(), 2u);
}

TEST_F(PrepareTest, FiltersThatRemoveEverythingAreAnError) {
  options_.filters.min_user_interactions = 3;
  EXPECT_CONTAINS(FailureOf("user\titem\nu\ta\nu\tb\n"), "the filters removed every interaction");
}

TEST_F(PrepareTest, IndicesFollowTheFirstLineThatTheFiltersLeft) {
  options_.split.mode = SplitMode::kNone;
  options_.filters.since_us = 5'000'000;
  for (const std::size_t bucket : {std::size_t{1}, std::size_t{1} << 20}) {
    options_.overwrite = true;
    options_.bucket_bytes = bucket;
    Run("user\titem\ttimestamp\na\tx\t1\nb\ty\t6\na\tz\t7\nb\tx\t5\n");
    EXPECT_EQ(Text("users.tsv"), "b\na\n");
    EXPECT_EQ(Text("items.tsv"), "y\nz\nx\n");
    EXPECT_EQ(Train(), "b:x,y a:z");
  }
}

}  // namespace
}  // namespace attune::data
