#include "worker/ranking.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>

namespace attune::worker {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

/// Queries with their own lists, and references that take scores from ScoreItems.
struct Case {
  std::size_t users, items, dim, user_stride, item_stride;
  std::vector<float> u, v;
  std::vector<std::vector<Index>> targets, excluded;

  model::RowsView rows() const { return {v.data(), items, dim, item_stride}; }
  std::vector<RankingQuery> queries() const {
    std::vector<RankingQuery> result;
    for (std::size_t n = 0; n < users; ++n) result.push_back({targets[n], excluded[n]});
    return result;
  }
  std::vector<float> Scores(std::size_t user) const {
    std::vector<Index> all(items);
    std::iota(all.begin(), all.end(), 0);
    std::vector<float> scores(items);
    ScoreItems(u.data() + user * user_stride, dim, all, rows(), scores);
    return scores;
  }
  std::vector<std::uint32_t> Ranks() const {
    std::size_t count = 0;
    for (const auto& list : targets) count += list.size();
    std::vector<std::uint32_t> ranks(count);
    RankTargets(u.data(), user_stride, queries(), rows(), ranks);
    return ranks;
  }
  bool IsExcluded(std::size_t user, Index item) const {
    return std::find(excluded[user].begin(), excluded[user].end(), item) != excluded[user].end();
  }
  std::vector<std::uint32_t> NaiveRanks() const {
    std::vector<std::uint32_t> ranks;
    for (std::size_t user = 0; user < users; ++user) {
      const std::vector<float> scores = Scores(user);
      for (const Index target : targets[user]) {
        std::uint32_t rank = 1;
        for (Index item = 0; item < items; ++item) {
          rank += item != target && !IsExcluded(user, item) && !(scores[item] < scores[target]);
        }
        ranks.push_back(rank);
      }
    }
    return ranks;
  }
  std::vector<ScoredItem> NaiveTop(std::size_t user, std::size_t k) const {
    const std::vector<float> scores = Scores(user);
    std::vector<ScoredItem> all;
    for (Index item = 0; item < items; ++item) {
      if (!IsExcluded(user, item) && !std::isnan(scores[item])) all.push_back({item, scores[item]});
    }
    std::stable_sort(all.begin(), all.end(), [](auto& a, auto& b) { return a.score > b.score; });
    if (all.size() > k) all.resize(k);
    return all;
  }
};

/// @param levels  if not 0, coordinates are small whole numbers, so that scores tie
Case MakeCase(unsigned seed, std::size_t users, std::size_t items, std::size_t dim, int levels = 0) {
  std::mt19937 generator(seed);
  Case made{users, items, dim, dim + generator() % 3, dim + generator() % 20, {}, {}, {}, {}};
  std::normal_distribution<float> normal;
  auto value = [&] {
    return levels == 0 ? normal(generator) : static_cast<float>(static_cast<int>(generator() % levels));
  };
  made.u.resize(users * made.user_stride);
  made.v.resize(items * made.item_stride);
  for (float& x : made.u) x = value();
  for (float& x : made.v) x = value();
  std::vector<Index> all(items);
  std::iota(all.begin(), all.end(), 0);
  for (std::size_t n = 0; n < users; ++n) {
    std::shuffle(all.begin(), all.end(), generator);
    const std::size_t targets = n % 5 == 4 ? generator() % std::min<std::size_t>(items + 1, 60) : 1;
    made.targets.emplace_back(all.begin(), all.begin() + targets);
    const std::size_t excluded = generator() % std::min<std::size_t>(items - targets + 1, 70);
    made.excluded.emplace_back(all.begin() + targets, all.begin() + targets + excluded);
    if (n % 7 == 3) made.excluded.back().push_back(all[0]);  // the target is in R(i)
  }
  return made;
}

void ExpectSameTop(const Case& example, std::size_t k) {
  const auto top = TopItems(example.u.data(), example.user_stride, example.queries(), example.rows(), k);
  ASSERT_EQ(top.size(), example.users);
  for (std::size_t user = 0; user < example.users; ++user) {
    const auto expected = example.NaiveTop(user, k);
    ASSERT_EQ(top[user].size(), expected.size());
    for (std::size_t n = 0; n < expected.size(); ++n) {
      ASSERT_EQ(top[user][n].item, expected[n].item) << "user " << user << " place " << n;
      ASSERT_EQ(top[user][n].score, expected[n].score);
    }
  }
}

TEST(Ranking, EqualsTheNaiveLoopAtEverySize) {
  std::mt19937 generator(1);
  for (unsigned seed = 0; seed < 60; ++seed) {
    const std::size_t users = 1 + generator() % 21, items = 1 + generator() % 200, dim = 1 + generator() % 70;
    SCOPED_TRACE(::testing::Message() << users << " users, " << items << " items, D " << dim);
    const Case example = MakeCase(seed, users, items, dim, seed % 3 == 0 ? 2 : 0);
    ASSERT_EQ(example.Ranks(), example.NaiveRanks());
    for (const std::size_t k : {0, 1, 3, 17, 1000}) ExpectSameTop(example, k);
  }
}

TEST(Ranking, MoreQueriesThanGoThroughTogether) {
  const Case example = MakeCase(2, 1100, 97, 5);
  EXPECT_EQ(example.Ranks(), example.NaiveRanks());
  ExpectSameTop(example, 4);
}

TEST(Ranking, ScoresAreCloseToExactOnes) {
  const Case example = MakeCase(3, 3, 101, 130);
  for (std::size_t user = 0; user < 3; ++user) {
    const std::vector<float> scores = example.Scores(user);
    for (std::size_t item = 0; item < example.items; ++item) {
      double exact = 0;
      for (std::size_t k = 0; k < example.dim; ++k) {
        exact +=
            double{example.u[user * example.user_stride + k]} * example.v[item * example.item_stride + k];
      }
      EXPECT_NEAR(scores[item], exact, 1e-4);
    }
  }
}

TEST(Ranking, AScoreHasTheSameBitsWhereverItIsComputed) {
  // An item that is copied all over V ties with each of its copies, whatever the tile.
  for (const std::size_t users : {1, 2, 3, 5, 8, 13}) {
    Case example = MakeCase(4, users, 149, 67);
    for (std::size_t item = 1; item < example.items; ++item) {
      std::copy_n(example.v.begin(), example.dim, example.v.begin() + item * example.item_stride);
    }
    for (auto& list : example.targets) list = {77};
    for (auto& list : example.excluded) list = {3, 100};
    for (const std::uint32_t rank : example.Ranks()) EXPECT_EQ(rank, 147u);
    for (const auto& top :
         TopItems(example.u.data(), example.user_stride, example.queries(), example.rows(), 4)) {
      ASSERT_EQ(top.size(), 4u);
      EXPECT_EQ(top[0].item, 0u);
      EXPECT_EQ(top[1].item, 1u);
      EXPECT_EQ(top[2].item, 2u);
      EXPECT_EQ(top[3].item, 4u);
    }
  }
}

TEST(Ranking, EverythingButTheTargetExcluded) {
  Case example = MakeCase(5, 9, 60, 8);
  for (std::size_t user = 0; user < example.users; ++user) {
    example.targets[user] = {static_cast<Index>(user)};
    example.excluded[user].clear();
    for (Index item = 0; item < 60; ++item) {
      if (item != user) example.excluded[user].push_back(item);
    }
  }
  EXPECT_EQ(example.Ranks(), std::vector<std::uint32_t>(9, 1));
  ExpectSameTop(example, 5);
}

TEST(Ranking, NotANumber) {
  Case example = MakeCase(6, 9, 50, 8);
  for (auto& list : example.targets) list = {10, 11};
  for (auto& list : example.excluded) list = {1, 2};
  example.v[10 * example.item_stride] = kNan;  // a target
  example.v[20 * example.item_stride] = kNan;  // a candidate
  example.v[2 * example.item_stride] = kNan;   // an excluded item
  const auto ranks = example.Ranks();
  EXPECT_EQ(ranks, example.NaiveRanks());
  for (std::size_t user = 0; user < example.users; ++user) {
    EXPECT_EQ(ranks[2 * user], 48u);     // last of 50 - 2
    EXPECT_GE(ranks[2 * user + 1], 3u);  // behind both candidates
  }
  ExpectSameTop(example, 50);
  std::fill(example.u.begin(), example.u.end(), kNan);
  for (const std::uint32_t rank : example.Ranks()) EXPECT_EQ(rank, 48u);
  ExpectSameTop(example, 50);
}

TEST(Ranking, MinusInfinityIsANumber) {
  Case example = MakeCase(7, 2, 50, 1);
  std::fill(example.u.begin(), example.u.end(), 1.0f);
  std::fill(example.v.begin(), example.v.end(), -std::numeric_limits<float>::infinity());
  ExpectSameTop(example, 3);
}

}  // namespace
}  // namespace attune::worker
