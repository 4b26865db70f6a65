#include "launch/item_subset.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
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

TEST(ItemSubset, KnownScoresAreListedLikeThoseOfVectors) {
  const float none = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> scores = {5, 1, 4, none, 4, 3, 9};
  const auto rows_of = [](const std::vector<worker::ScoredItem>& list) {
    std::vector<Index> rows;
    for (const worker::ScoredItem& item : list) rows.push_back(item.item);
    return rows;
  };
  const std::vector<Index> seen = {6, 5};  // one of the subset, one outside; in no order
  const ItemSubset subset(std::vector<Index>{4, 3, 6, 2, 1, 4});
  const auto best = subset.BestOf(scores, seen, 10);
  EXPECT_EQ(rows_of(best), (std::vector<Index>{2, 4, 1}));  // ties by index; what is no number never
  for (const worker::ScoredItem& item : best) EXPECT_EQ(item.score, scores[item.item]);
  EXPECT_EQ(rows_of(subset.BestOf(scores, {}, 1)), (std::vector<Index>{6}));
  EXPECT_EQ(rows_of(ItemSubset().BestOf(scores, seen, 2)), (std::vector<Index>{0, 2}));
  EXPECT_TRUE(ItemSubset(std::vector<Index>{}).BestOf(scores, seen, 2).empty());
}

}  // namespace
}  // namespace attune::launch
