#include "common/model/item_scorer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include "tests/support/expect_error.h"

namespace attune::model {
namespace {

using Lists = std::vector<std::vector<Index>>;

constexpr Index kItems = 60;
constexpr Index kUsers = 45;

/// Users with 0 to 14 of the items; the last items have no users.
Lists RandomHistories(unsigned seed) {
  std::mt19937 generator(seed);
  std::vector<Index> items(kItems - 3);
  std::iota(items.begin(), items.end(), 0);
  Lists histories;
  for (Index user = 0; user < kUsers; ++user) {
    std::shuffle(items.begin(), items.end(), generator);
    histories.emplace_back(items.begin(), items.begin() + user % 15);
  }
  return histories;
}

SparseMatrix ToSparse(const Lists& lists) {
  SparseMatrix matrix;
  for (const auto& list : lists) {
    matrix.columns.insert(matrix.columns.end(), list.begin(), list.end());
    matrix.indptr.push_back(matrix.columns.size());
  }
  return matrix;
}

/// R as a dense matrix of zeros and ones. [users][items]
std::vector<std::vector<double>> Dense(const Lists& histories) {
  std::vector<std::vector<double>> r(histories.size(), std::vector<double>(kItems, 0));
  for (std::size_t user = 0; user < histories.size(); ++user) {
    for (const Index item : histories[user]) r[user][item] = 1;
  }
  return r;
}

double Cosine(const std::vector<double>& a, const std::vector<double>& b, double shrinkage) {
  double dot = 0, aa = 0, bb = 0;
  for (std::size_t n = 0; n < a.size(); ++n) {
    dot += a[n] * b[n];
    aa += a[n] * a[n];
    bb += b[n] * b[n];
  }
  return dot == 0 ? 0 : dot / (std::sqrt(aa) * std::sqrt(bb) + shrinkage);
}

std::vector<double> Column(const std::vector<std::vector<double>>& r, Index item) {
  std::vector<double> column;
  for (const auto& row : r) column.push_back(row[item]);
  return column;
}

/// Zeroes all but the `most` greatest, the first of equal ones. float is what the fast path compares.
void Prune(std::vector<double>& similarities, std::size_t most) {
  std::vector<std::size_t> order(similarities.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return static_cast<float>(similarities[a]) > static_cast<float>(similarities[b]);
  });
  for (std::size_t n = most; most > 0 && n < order.size(); ++n) similarities[order[n]] = 0;
}

const std::vector<NeighbourSpec> kSpecs = {{0, 0}, {1, 0}, {5, 0}, {5, 3.5}, {1000, 0.25}};

TEST(ItemKnn, ScoresLikeAPlainDenseComputation) {
  const Lists histories = RandomHistories(3);
  const auto r = Dense(histories);
  for (const NeighbourSpec& spec : kSpecs) {
    const SparseMatrix neighbours = ItemNeighbours(ToSparse(histories).view(), kItems, spec, 2);
    const ItemKnnScorer scorer(neighbours.view());
    ASSERT_EQ(scorer.items(), kItems);
    std::vector<std::vector<double>> similar;
    for (Index l = 0; l < kItems; ++l) {
      similar.emplace_back();
      for (Index j = 0; j < kItems; ++j)
        similar[l].push_back(j == l ? 0 : Cosine(Column(r, l), Column(r, j), spec.shrinkage));
      Prune(similar[l], spec.neighbours);
    }
    std::vector<float> scores(kItems);
    for (Index user = 0; user < kUsers; ++user) {
      scorer.Score(user, histories[user], scores);
      for (Index j = 0; j < kItems; ++j) {
        double expected = 0;
        for (const Index l : histories[user]) expected += similar[l][j];
        ASSERT_NEAR(scores[j], expected, 1e-6) << "user " << user << " item " << j;
      }
    }
  }
}

TEST(UserKnn, ScoresLikeAPlainDenseComputation) {
  const Lists histories = RandomHistories(4);
  const auto r = Dense(histories);
  const SparseMatrix sparse = ToSparse(histories);
  for (const NeighbourSpec& spec : kSpecs) {
    const UserKnnScorer scorer(sparse.view(), kItems, spec);
    std::vector<float> scores(kItems);
    for (Index user = 0; user <= kUsers; ++user) {
      const bool known = user < kUsers;  // the last one is a stranger with the history of user 7 and one more
      std::vector<Index> history = histories[known ? user : 7];
      if (!known) history.push_back(kItems - 1);
      std::vector<double> own(kItems, 0);
      for (const Index item : history) own[item] = 1;
      std::vector<double> similar;
      for (Index w = 0; w < kUsers; ++w) similar.push_back(w == user ? 0 : Cosine(own, r[w], spec.shrinkage));
      Prune(similar, spec.neighbours);
      scorer.Score(known ? user : kNoIndex, history, scores);
      for (Index j = 0; j < kItems; ++j) {
        double expected = 0;
        for (Index w = 0; w < kUsers; ++w) expected += similar[w] * r[w][j];
        ASSERT_NEAR(scores[j], expected, 1e-6) << "user " << user << " item " << j;
      }
    }
  }
}

TEST(ItemNeighbours, AreTheSameForAnyNumberOfThreads) {
  const SparseMatrix histories = ToSparse(RandomHistories(5));
  const SparseMatrix one = ItemNeighbours(histories.view(), kItems, {7, 1}, 1);
  const SparseMatrix three = ItemNeighbours(histories.view(), kItems, {7, 1}, 3);
  EXPECT_EQ(one.indptr, three.indptr);
  EXPECT_EQ(one.columns, three.columns);
  EXPECT_EQ(one.values, three.values);
}

TEST(Popularity, EveryUserGetsTheCounts) {
  const std::vector<std::uint32_t> counts = {3, 0, 16'777'215};
  std::vector<float> scores(3);
  PopularityScorer(counts).Score(kNoIndex, {}, scores);
  EXPECT_EQ(scores, (std::vector<float>{3, 0, 16'777'215}));
}

TEST(SparseRows, ThatDoNotFitAreRefused) {
  SparseMatrix matrix = ToSparse({{0, 2}, {}, {1}});
  EXPECT_NO_THROW(RequireValid(matrix.view(), 3, "rows"));
  const auto refused = [&](Index columns) {
    return testing::ErrorOf(ErrorKind::kBadInput, [&] { RequireValid(matrix.view(), columns, "rows"); });
  };
  EXPECT_NE(refused(2).find("rows: entry 1 is 2, expected less than 2"), std::string::npos);
  matrix.indptr[1] = 5;
  EXPECT_NE(refused(3).find("rows: offsets"), std::string::npos);
  matrix.indptr = {0, 2, 2, 4};
  EXPECT_NE(refused(3).find("rows: offsets"), std::string::npos);
}

}  // namespace
}  // namespace attune::model
