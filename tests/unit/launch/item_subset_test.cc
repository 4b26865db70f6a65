#include "launch/item_subset.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "common/aligned_buffer.h"
#include "common/simd.h"

namespace attune::launch {
namespace {

TEST(ItemSubset, ListsAreThoseOfAllItemsWithTheOthersLeftOut) {
  constexpr std::size_t kItems = 200, kDim = 5, kUsers = 7, kTop = 9;
  std::mt19937 generator(11);
  std::normal_distribution<float> normal;
  std::vector<float> v(kItems * kDim);
  std::generate(v.begin(), v.end(), [&] { return normal(generator); });
  const model::RowsView items{v.data(), kItems, kDim, kDim};
  AlignedBuffer buffer;
  float* users = buffer.Zeroed(kUsers * simd::Padded(kDim));
  for (std::size_t n = 0; n < kUsers; ++n) {
    for (std::size_t c = 0; c < kDim; ++c) users[n * simd::Padded(kDim) + c] = normal(generator);
  }
  std::vector<Index> rows, others;
  for (Index item = 0; item < kItems; ++item) (generator() % 3 == 0 ? rows : others).push_back(item);
  const std::vector<Index> seen = {rows[3], others[5], rows[8]};
  std::vector<Index> excluded = others;
  excluded.push_back(rows[3]);
  excluded.push_back(rows[8]);
  std::vector<worker::RankingQuery> of_subset(kUsers), of_all(kUsers);
  for (std::size_t n = 0; n < kUsers; ++n) of_subset[n].excluded = seen, of_all[n].excluded = excluded;

  std::vector<Index> given = rows;
  std::shuffle(given.begin(), given.end(), generator);
  given.push_back(given.front());
  const ItemSubset subset(items, given);
  const auto lists = subset.Top(users, simd::Padded(kDim), of_subset, items, kTop);
  const auto expected = worker::TopItems(users, simd::Padded(kDim), of_all, items, kTop);
  for (std::size_t n = 0; n < kUsers; ++n) {
    ASSERT_EQ(lists[n].size(), kTop);
    for (std::size_t r = 0; r < kTop; ++r) {
      EXPECT_EQ(lists[n][r].item, expected[n][r].item);
      EXPECT_EQ(lists[n][r].score, expected[n][r].score);
    }
  }
  for (Index item = 0; item < kItems; ++item) {
    EXPECT_EQ(subset.Has(item), std::count(rows.begin(), rows.end(), item) == 1);
    EXPECT_TRUE(ItemSubset(items, std::nullopt).Has(item));
  }
}

}  // namespace
}  // namespace attune::launch
