#include "worker/ranking.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

namespace attune::worker {
namespace {

/// Users, items and queries of one random ranking problem.
struct Problem {
  std::size_t dim, stride;
  std::vector<float> users, items;
  std::vector<std::vector<Index>> targets, excluded;
  std::vector<RankingQuery> queries;

  Problem(unsigned seed, std::size_t num_users, std::size_t num_items, std::size_t d, bool coarse)
      : dim(d), stride(d + 3) {
    std::mt19937 generator(seed);
    // Coarse values give many equal scores.
    auto draw = [&] {
      return coarse ? static_cast<float>(generator() % 3) - 1.0f
                    : std::normal_distribution<float>()(generator);
    };
    users.resize(num_users * stride);
    items.resize(num_items * dim);
    for (float& x : users) x = draw();
    for (float& x : items) x = draw();
    std::vector<Index> order(num_items);
    std::iota(order.begin(), order.end(), 0);
    for (std::size_t q = 0; q < num_users; ++q) {
      std::shuffle(order.begin(), order.end(), generator);
      const std::size_t n_targets = 1 + generator() % 3;
      const std::size_t n_excluded = generator() % (num_items - n_targets);
      targets.emplace_back(order.begin(), order.begin() + n_targets);
      excluded.emplace_back(order.begin() + n_targets, order.begin() + n_targets + n_excluded);
    }
    for (std::size_t q = 0; q < num_users; ++q) queries.push_back({targets[q], excluded[q]});
  }

  model::RowsView view() const { return {items.data(), items.size() / dim, dim, dim}; }

  /// The score as the library computes it, pair by pair.
  float Score(std::size_t user, Index item) const {
    float score = 0;
    ScoreItems(&users[user * stride], dim, {&item, 1}, view(), {&score, 1});
    return score;
  }
  bool IsCandidate(std::size_t user, Index item) const {
    return std::find(excluded[user].begin(), excluded[user].end(), item) == excluded[user].end();
  }
  std::uint32_t NaiveRank(std::size_t user, Index target) const {
    std::uint32_t rank = 1;
    const float score = Score(user, target);
    for (Index item = 0; item < view().rows; ++item) {
      if (item != target && IsCandidate(user, item) && !(Score(user, item) < score)) ++rank;
    }
    return rank;
  }
  std::vector<std::uint32_t> Ranks() const {
    std::size_t total = 0;
    for (const auto& t : targets) total += t.size();
    std::vector<std::uint32_t> ranks(total);
    RankTargets(users.data(), stride, queries, view(), ranks);
    return ranks;
  }
};

TEST(Ranking, ScoresAreTheInnerProducts) {
  const Problem problem(1, 5, 60, 37, false);
  for (std::size_t user = 0; user < 5; ++user) {
    for (Index item = 0; item < 60; ++item) {
      double exact = 0;
      for (std::size_t k = 0; k < 37; ++k) {
        exact += static_cast<double>(problem.users[user * problem.stride + k]) * problem.items[item * 37 + k];
      }
      EXPECT_NEAR(problem.Score(user, item), exact, 1e-4);
    }
  }
}

TEST(Ranking, RanksEqualCountingPairByPairForAwkwardSizes) {
  unsigned seed = 0;
  for (const std::size_t users : {1, 7, 8, 9, 21}) {
    for (const std::size_t items : {4, 47, 48, 49, 150}) {
      for (const std::size_t dim : {1, 16, 19, 64}) {
        for (const bool coarse : {false, true}) {
          const Problem problem(++seed, users, items, dim, coarse);
          const auto ranks = problem.Ranks();
          std::size_t at = 0;
          for (std::size_t q = 0; q < users; ++q) {
            for (const Index target : problem.targets[q]) {
              ASSERT_EQ(ranks[at++], problem.NaiveRank(q, target))
                  << users << " " << items << " " << dim << " " << q;
            }
          }
        }
      }
    }
  }
}

TEST(Ranking, AConstantScorerRanksEveryTargetLast) {
  Problem problem(3, 10, 130, 24, false);
  for (std::size_t n = 0; n < problem.items.size(); ++n) problem.items[n] = problem.items[n % 24];
  const auto ranks = problem.Ranks();
  std::size_t at = 0;
  for (std::size_t q = 0; q < 10; ++q) {
    for (std::size_t t = 0; t < problem.targets[q].size(); ++t) {
      EXPECT_EQ(ranks[at++], 130 - problem.excluded[q].size());
    }
  }
}

TEST(Ranking, ScoresThatAreNotNumbersRankAgainstTheModel) {
  Problem problem(4, 1, 50, 16, false);
  problem.targets[0] = {7};
  problem.excluded[0] = {1, 2};
  problem.queries[0] = {problem.targets[0], problem.excluded[0]};
  const std::uint32_t before = problem.Ranks()[0];
  const bool was_ahead = !(problem.Score(0, 9) < problem.Score(0, 7));
  problem.items[9 * 16] = std::nanf("");
  EXPECT_EQ(problem.Ranks()[0], before + (was_ahead ? 0 : 1));
  problem.items[7 * 16] = std::nanf("");
  EXPECT_EQ(problem.Ranks()[0], 48u);
}

TEST(Ranking, TheOnlyCandidateIsFirst) {
  Problem problem(5, 1, 50, 16, false);
  problem.targets[0] = {49};
  problem.excluded[0].resize(49);
  std::iota(problem.excluded[0].begin(), problem.excluded[0].end(), 0);
  problem.queries[0] = {problem.targets[0], problem.excluded[0]};
  EXPECT_EQ(problem.Ranks()[0], 1u);
}

TEST(Ranking, TopItemsEqualSortingAllCandidates) {
  unsigned seed = 100;
  for (const std::size_t k : {0, 1, 10, 1000}) {
    for (const bool coarse : {false, true}) {
      const Problem problem(++seed, 11, 170, 21, coarse);
      const auto lists = TopItems(problem.users.data(), problem.stride, problem.queries, problem.view(), k);
      for (std::size_t q = 0; q < 11; ++q) {
        std::vector<ScoredItem> all;
        for (Index item = 0; item < 170; ++item) {
          if (problem.IsCandidate(q, item)) all.push_back({item, problem.Score(q, item)});
        }
        std::stable_sort(all.begin(), all.end(), [](auto& a, auto& b) { return a.score > b.score; });
        all.resize(std::min(all.size(), k));
        ASSERT_EQ(lists[q].size(), all.size());
        for (std::size_t n = 0; n < all.size(); ++n) {
          ASSERT_EQ(lists[q][n].item, all[n].item) << k << " " << coarse << " " << q << " " << n;
          ASSERT_EQ(lists[q][n].score, all[n].score);
        }
      }
    }
  }
}

}  // namespace
}  // namespace attune::worker
