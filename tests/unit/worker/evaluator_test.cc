#include "worker/evaluator.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <set>

#include "common/eval/metrics.h"
#include "tests/support/expect_error.h"

namespace attune::worker {
namespace {

using Lists = std::vector<std::vector<Index>>;

EvaluationTask Task(const std::vector<Index>& users, const Lists& targets, const Lists& histories) {
  EvaluationTask task;
  for (std::size_t n = 0; n < users.size(); ++n) {
    task.users.push_back({users[n], task.targets.size(), task.histories.size()});
    task.targets.insert(task.targets.end(), targets[n].begin(), targets[n].end());
    task.histories.insert(task.histories.end(), histories[n].begin(), histories[n].end());
  }
  task.users.push_back({kNoIndex, task.targets.size(), task.histories.size()});
  return task;
}

/// A matrix factorisation with D = 1 unless said otherwise; u'_i = u_i + mean of p_l if it averages.
struct SmallModel {
  std::vector<float> u, v, p;
  std::size_t dim = 1;
  model::ModelView view(bool average = false) const {
    model::ModelView view;
    view.spec.dim = static_cast<std::uint32_t>(dim);
    view.spec.item_attention = average ? model::ItemAttention::kAverage : model::ItemAttention::kNone;
    view.u = {u.data(), u.size() / dim, dim, dim};
    view.v = {v.data(), v.size() / dim, dim, dim};
    if (average) view.p = {p.data(), p.size() / dim, dim, dim};
    return view;
  }
};

using Ranks = std::vector<std::uint32_t>;

TEST(Evaluate, RanksAmongItemsOutsideTheHistory) {
  const SmallModel small{{1, -1}, {5, 4, 3, 2, 1}, {}};
  const EvaluationTask task = Task({0, 1, 0}, {{2}, {2, kNoIndex, 0}, {kNoIndex}}, {{0, kNoIndex}, {4}, {1}});
  const EvaluationResult result = Evaluate(small.view(), task, 2);
  EXPECT_EQ(result.ranks, (Ranks{2, 2, eval::kUnranked, 4, eval::kUnranked}));
  EXPECT_EQ(result.flops, 2.0 * 2 * 5);  // the third user has nothing to rank
}

TEST(Evaluate, UnknownUserHasItsHistoryOnly) {
  const SmallModel small{{100}, {1, 2, 3, 4}, {-1, 0, 0, 1}};
  const EvaluationTask task = Task({kNoIndex, kNoIndex, 0}, {{1}, {1}, {1}}, {{0}, {3}, {0}});
  EXPECT_EQ(Evaluate(small.view(true), task, 1).ranks, (Ranks{1, 2, 3}));
}

TEST(Evaluate, ConstantScorerHitsNothing) {
  constexpr std::size_t kItems = 150;
  const SmallModel small{std::vector<float>(600, 0.3f), std::vector<float>(kItems * 2, 0.7f), {}, 2};
  std::vector<Index> users;
  Lists targets, histories;
  for (Index user = 0; user < 300; ++user) {
    users.push_back(user);
    targets.push_back({user % 150});
    histories.push_back({(user + 1) % 150, (user + 2) % 150});
  }
  const EvaluationTask task = Task(users, targets, histories);
  const auto ranks = Evaluate(small.view(), task, 2).ranks;
  EXPECT_EQ(ranks, Ranks(300, kItems - 2));
  EXPECT_EQ(EvaluateItemScores(std::vector<float>(kItems, 1.0f), task, 2).ranks, ranks);
  EXPECT_EQ(eval::MetricsOf(std::span(ranks).first(1)).hr[eval::kCutoffs - 1], 0);
}

/// A task with everything in it, for scores v of 61 items with ties and a score that is not a number.
struct RandomTask {
  std::vector<float> scores;
  EvaluationTask task;
  explicit RandomTask(unsigned seed) {
    std::mt19937 generator(seed);
    for (int item = 0; item < 61; ++item) scores.push_back(static_cast<float>(generator() % 20));
    scores[7] = std::nanf("");
    std::vector<Index> users, all(61);
    Lists targets, histories;
    for (Index item = 0; item < 61; ++item) all[item] = item;
    for (Index user = 0; user < 700; ++user) {
      users.push_back(user % 9 == 0 ? kNoIndex : 0);
      std::shuffle(all.begin(), all.end(), generator);
      targets.emplace_back(all.begin(), all.begin() + 1 + user % 3);
      histories.emplace_back(all.begin() + 5, all.begin() + 5 + user % 40);
      if (user % 11 == 0) targets.back().push_back(kNoIndex);
      if (user % 13 == 0) histories.back().push_back(targets.back()[0]);
    }
    task = Task(users, targets, histories);
  }
};

TEST(Evaluate, ItemScoresRankLikeAModelOfOneUser) {
  RandomTask random(3);
  for (auto& user : random.task.users) user.model_user = 0;
  const SmallModel small{{1}, random.scores, {}};
  EXPECT_EQ(EvaluateItemScores(random.scores, random.task, 2).ranks,
            Evaluate(small.view(), random.task, 2).ranks);
}

TEST(EvaluateSampled, AllCandidatesGiveTheFullRank) {
  // One target each: every candidate but the target is drawn.
  const std::vector<float> scores = {3, 1, 4, 1, 5, 9, 2, 6, 5, 3};
  const EvaluationTask task = Task({0, 1}, {{2}, {9}}, {{5, 0}, {1, 8}});
  EXPECT_EQ(EvaluateItemScoresSampled(scores, task, 7, 1, 1).ranks,
            EvaluateItemScores(scores, task, 1).ranks);
}

/// Which items were drawn for task user 0: those that push a target with a score between down.
std::set<Index> Drawn(const EvaluationTask& task, std::size_t items, Index target, std::uint32_t count,
                      std::uint64_t seed, std::span<const Index> unseen_too) {
  std::set<Index> drawn;
  for (Index item = 0; item < items; ++item) {
    std::vector<float> scores(items, 0.0f);
    scores[target] = 1;
    if (item != target) scores[item] = 2;
    const auto ranks = EvaluateItemScoresSampled(scores, task, count, seed, 1, [&](std::size_t) {
                         return unseen_too;
                       }).ranks;
    EXPECT_LE(ranks[0], 2u);  // distinct: an item counts once
    if (ranks[0] == 2) drawn.insert(item);
  }
  return drawn;
}

TEST(EvaluateSampled, NegativesAreDistinctAndOutside) {
  const EvaluationTask task = Task({3}, {{10}}, {{0, 5, 6, 39}});
  const std::vector<Index> unseen_too = {1, 20, kNoIndex, 10};
  std::set<Index> ever;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const auto drawn = Drawn(task, 40, 10, 12, seed, unseen_too);
    EXPECT_EQ(drawn.size(), 12u);
    EXPECT_EQ(drawn, Drawn(task, 40, 10, 12, seed, unseen_too));
    ever.insert(drawn.begin(), drawn.end());
  }
  EXPECT_EQ(ever.size(), 40u - 7);
  for (const Index item : {0, 5, 6, 39, 10, 1, 20}) EXPECT_FALSE(ever.contains(item)) << item;
}

TEST(EvaluateSampled, SaysSoIfThereAreTooFewCandidates) {
  const EvaluationTask task = Task({42}, {{1}}, {{0, 2}});
  const std::vector<float> scores(10, 1.0f);
  const std::string message =
      testing::ErrorOf(ErrorKind::kBadInput, [&] { EvaluateItemScoresSampled(scores, task, 8, 1, 1); });
  for (const char* number : {" 8 ", "42", " 7 of 10 "}) {
    EXPECT_NE(message.find(number), std::string::npos) << message;
  }
}

TEST(EvaluateSampled, ModelAndItemScoresDrawTheSameOnAnyThreads) {
  RandomTask random(5);
  const SmallModel small{{1}, random.scores, {}};
  for (auto& user : random.task.users) user.model_user = 0;
  const auto ranks = EvaluateSampled(small.view(), random.task, 9, 4, 1).ranks;
  EXPECT_EQ(EvaluateSampled(small.view(), random.task, 9, 4, 3).ranks, ranks);
  EXPECT_EQ(EvaluateItemScoresSampled(random.scores, random.task, 9, 4, 2).ranks, ranks);
  EXPECT_NE(EvaluateSampled(small.view(), random.task, 9, 5, 1).ranks, ranks);
}

}  // namespace
}  // namespace attune::worker
