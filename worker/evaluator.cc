#include "worker/evaluator.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "common/error.h"
#include "common/eval/metrics.h"
#include "common/model/user_vectors.h"
#include "common/random.h"
#include "common/simd.h"
#include "common/thread.h"
#include "worker/ranking.h"

namespace attune::worker {
namespace {

constexpr std::size_t kUsersAtOnce = 256;

class Stopwatch {
 public:
  double Seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// Appends the items that the model knows.
void AppendKnown(std::span<const Index> items, std::vector<Index>& to) {
  std::copy_if(items.begin(), items.end(), std::back_inserter(to),
               [](Index item) { return item != kNoIndex; });
}

bool AnyKnown(std::span<const Index> items) {
  return std::any_of(items.begin(), items.end(), [](Index item) { return item != kNoIndex; });
}

/// True for a score that is not a number, as in RankTargets.
bool IsAhead(float score, float target) {
  return !(score < target);
}

/// Task users of one block that have a target to rank, with their effective vectors.
class UserBlock {
 public:
  UserBlock(const model::UserVectors& vectors, const EvaluationTask& task, std::size_t dim, std::size_t first,
            std::size_t end)
      : task_(task) {
    std::vector<std::size_t> begins;
    for (std::size_t n = first; n < end; ++n) {
      if (!AnyKnown(task.Targets(n))) continue;
      users_.push_back(n);
      begins.push_back(lists_.size());
      AppendKnown(task.History(n), lists_);
      begins.push_back(lists_.size());
      AppendKnown(task.Targets(n), lists_);
    }
    begins.push_back(lists_.size());
    vectors_.resize(users_.size() * dim);
    const std::span<const Index> lists = lists_;
    for (std::size_t n = 0; n < users_.size(); ++n) {
      const std::size_t history = begins[2 * n], targets = begins[2 * n + 1], next = begins[2 * n + 2];
      queries_.push_back({lists.subspan(targets, next - targets), lists.subspan(history, targets - history)});
      vectors.Compute(task.users[users_[n]].model_user, queries_[n].excluded,
                      std::span(vectors_).subspan(n * dim, dim));
      num_targets_ += queries_[n].targets.size();
    }
  }

  const float* vectors() const { return vectors_.data(); }
  std::span<const RankingQuery> queries() const { return queries_; }
  std::size_t num_targets() const { return num_targets_; }

  /// Puts ranks of the known targets where they belong among all targets.
  void Scatter(std::span<const std::uint32_t> ranks, std::span<std::uint32_t> to) const {
    std::size_t next = 0;
    for (const std::size_t user : users_) {
      for (std::uint64_t at = task_.users[user].first_target; at < task_.users[user + 1].first_target; ++at) {
        if (task_.targets[at] != kNoIndex) to[at] = ranks[next++];
      }
    }
  }

 private:
  const EvaluationTask& task_;
  std::vector<std::size_t> users_;
  std::vector<Index> lists_;
  std::vector<float> vectors_;
  std::vector<RankingQuery> queries_;
  std::size_t num_targets_ = 0;
};

std::size_t Blocks(const EvaluationTask& task) {
  return (task.size() + kUsersAtOnce - 1) / kUsersAtOnce;
}

EvaluationResult Unranked(const EvaluationTask& task) {
  EvaluationResult result;
  result.ranks.assign(task.targets.size(), eval::kUnranked);
  return result;
}

using UnseenToo = std::function<std::span<const Index>(std::size_t)>;

/// Draws the items that each user's targets compete with.
class SampledNegatives {
 public:
  SampledNegatives(const EvaluationTask& task, std::size_t items, std::uint32_t count, std::uint64_t seed,
                   const UnseenToo& unseen_too)
      : task_(task),
        items_(items),
        count_(count),
        stream_(seed, random::Purpose::kSampledNegatives),
        unseen_too_(unseen_too) {}

  /// The first draws of a permutation of the candidates, which makes them distinct.
  void Draw(std::size_t user, std::vector<Index>& drawn) const {
    std::vector<Index> outside;
    AppendKnown(task_.History(user), outside);
    AppendKnown(task_.Targets(user), outside);
    if (unseen_too_) AppendKnown(unseen_too_(user), outside);
    std::sort(outside.begin(), outside.end());
    outside.erase(std::unique(outside.begin(), outside.end()), outside.end());
    const std::size_t candidates = items_ - outside.size();
    if (candidates < count_) {
      ThrowBadInput(
          "cannot draw {} sampled negatives for user {}: only {} of {} items are neither in the history nor "
          "held out",
          count_, UserOf(user), candidates, items_);
    }
    drawn.clear();
    if (count_ == 0) return;
    const bool known = task_.users[user].model_user != kNoIndex;
    const random::Permutation order(static_cast<std::uint32_t>(candidates),
                                    stream_(UserOf(user), known ? 0 : 1));
    for (std::uint32_t draw = 0; draw < count_; ++draw) drawn.push_back(Candidate(order(draw), outside));
  }

 private:
  /// Index in the model, or the position in the task for a user that the model does not know.
  Index UserOf(std::size_t user) const {
    const Index model_user = task_.users[user].model_user;
    return model_user != kNoIndex ? model_user : static_cast<Index>(user);
  }

  /// The `n`-th item that is not in `outside`: outside[m] - m candidates come before outside[m].
  static Index Candidate(Index n, const std::vector<Index>& outside) {
    std::size_t below = 0, end = outside.size();
    while (below < end) {
      const std::size_t middle = below + (end - below) / 2;
      if (outside[middle] - middle <= n) {
        below = middle + 1;
      } else {
        end = middle;
      }
    }
    return static_cast<Index>(n + below);
  }

  const EvaluationTask& task_;
  std::size_t items_;
  std::uint32_t count_;
  random::Stream stream_;
  const UnseenToo& unseen_too_;
};

/// @param scores_of  (task user, items, scores): scores of these items for this user
template <typename ScoresOf>
EvaluationResult RankSampled(const EvaluationTask& task, const SampledNegatives& negatives, unsigned threads,
                             ScoresOf&& scores_of) {
  EvaluationResult result = Unranked(task);
  ParallelFor(threads, Blocks(task), "evaluate", [&](unsigned, std::size_t block) {
    std::vector<Index> which;
    std::vector<float> scores;
    const std::size_t end = std::min((block + 1) * kUsersAtOnce, task.size());
    for (std::size_t user = block * kUsersAtOnce; user < end; ++user) {
      if (!AnyKnown(task.Targets(user))) continue;
      negatives.Draw(user, which);
      const std::size_t drawn = which.size();
      AppendKnown(task.Targets(user), which);
      scores.resize(which.size());
      scores_of(user, std::span<const Index>(which), std::span(scores));
      std::size_t next = drawn;
      for (std::uint64_t at = task.users[user].first_target; at < task.users[user + 1].first_target; ++at) {
        if (task.targets[at] == kNoIndex) continue;
        const float target = scores[next++];
        result.ranks[at] = 1 + static_cast<std::uint32_t>(
                                   std::count_if(scores.begin(), scores.begin() + drawn,
                                                 [&](float score) { return IsAhead(score, target); }));
      }
    }
  });
  return result;
}

}  // namespace

TaskExtent ExtentOfTask(const data::Dataset& dataset, const data::HeldOut& held, const data::HeldOut* extra) {
  TaskExtent extent{held.size(), held.items.size(), 0};
  for (const Index user : held.users) {
    extent.histories += dataset.History(user).size();
    if (extra != nullptr) extent.histories += extra->Find(user).size();
  }
  return extent;
}

EvaluationTask MakeEvaluationTask(const data::Dataset& dataset, const data::HeldOut& held,
                                  const data::HeldOut* extra) {
  // Exactly as much as is needed: what lists leave behind when they grow is as much again.
  const TaskExtent extent = ExtentOfTask(dataset, held, extra);
  EvaluationTask task;
  task.users.reserve(extent.users + 1);
  task.targets.reserve(extent.targets);
  task.histories.reserve(extent.histories);
  auto append = [](std::span<const Index> items, std::vector<Index>& to) {
    to.insert(to.end(), items.begin(), items.end());
  };
  for (std::size_t n = 0; n < held.size(); ++n) {
    task.users.push_back({held.users[n], task.targets.size(), task.histories.size()});
    append(held.Items(n), task.targets);
    append(dataset.History(held.users[n]), task.histories);
    if (extra != nullptr) append(extra->Find(held.users[n]), task.histories);
  }
  task.users.push_back({kNoIndex, task.targets.size(), task.histories.size()});
  return task;
}

std::pair<std::size_t, std::size_t> EvaluationTask::Range(Index first, Index end) const {
  const auto at = [&](Index user) {
    const auto before = [](const User& a, Index b) { return a.model_user < b; };
    return static_cast<std::size_t>(std::lower_bound(users.begin(), users.begin() + size(), user, before) -
                                    users.begin());
  };
  return {at(first), at(end)};
}

FullRanking::FullRanking(const model::ModelView& view, const EvaluationTask& task, unsigned threads)
    : view_(view), task_(task), vectors_(std::make_unique<model::UserVectors>(view, threads)) {}

FullRanking::~FullRanking() = default;

std::uint64_t FullRanking::ScratchBytes(std::size_t dim, const TaskExtent& task) {
  const std::uint64_t users = std::min(kUsersAtOnce, task.users);
  if (users == 0) return 0;
  // Vectors as they are computed and as tiles; lists, which grow and leave behind as much as they have.
  const std::uint64_t lists = 2 * users * (task.histories + task.targets) / task.users * sizeof(Index);
  const std::uint64_t counts = users * task.targets / task.users * (sizeof(simd::Vector) + 4 * sizeof(float));
  const std::uint64_t block = users * (2 * dim * sizeof(float) + sizeof(RankingQuery)) + lists + counts;
  return 2 * block;  // blocks differ in size: the heap keeps pieces that the next one cannot use
}

std::size_t FullRanking::Rank(std::size_t first, std::size_t end, std::span<std::uint32_t> ranks,
                              const std::atomic<bool>* stop) const {
  std::size_t ranked = 0;
  for (; first < end; first += kUsersAtOnce) {
    if (stop != nullptr && stop->load(std::memory_order_relaxed)) break;
    const UserBlock users(*vectors_, task_, view_.spec.dim, first, std::min(first + kUsersAtOnce, end));
    std::vector<std::uint32_t> own(users.num_targets());
    RankTargets(users.vectors(), view_.spec.dim, users.queries(), vectors_->items(), own);
    users.Scatter(own, ranks);
    ranked += users.queries().size();
  }
  return ranked;
}

EvaluationResult Evaluate(const model::ModelView& view, const EvaluationTask& task, unsigned threads,
                          const std::function<void()>& at_peak) {
  const Stopwatch watch;
  EvaluationResult result = Unranked(task);
  const FullRanking ranking(view, task, threads);
  std::vector<std::size_t> users_ranked(Blocks(task));
  ParallelFor(threads, Blocks(task), "evaluate", [&](unsigned, std::size_t block) {
    const std::size_t first = block * kUsersAtOnce;
    users_ranked[block] = ranking.Rank(first, std::min(first + kUsersAtOnce, task.size()), result.ranks);
  });
  if (at_peak) at_peak();
  for (const std::size_t users : users_ranked) {
    result.flops += 2.0 * static_cast<double>(users) * static_cast<double>(view.v.rows) * view.spec.dim;
  }
  result.seconds = watch.Seconds();
  return result;
}

EvaluationResult EvaluateScorer(const model::ItemScorer& scorer, const EvaluationTask& task,
                                unsigned threads) {
  const Stopwatch watch;
  EvaluationResult result = Unranked(task);
  ParallelFor(threads, Blocks(task), "evaluate", [&](unsigned, std::size_t block) {
    std::vector<float> scores(scorer.items());
    std::vector<Index> history;
    const std::size_t end = std::min((block + 1) * kUsersAtOnce, task.size());
    for (std::size_t user = block * kUsersAtOnce; user < end; ++user) {
      if (!AnyKnown(task.Targets(user))) continue;
      history.clear();
      AppendKnown(task.History(user), history);
      scorer.Score(task.users[user].model_user, history, scores);
      for (std::uint64_t at = task.users[user].first_target; at < task.users[user + 1].first_target; ++at) {
        const Index target = task.targets[at];
        if (target == kNoIndex) continue;
        const float score = scores[target];
        std::uint32_t ahead = 0;  // of all items, the target itself among them
        for (const float other : scores) ahead += IsAhead(other, score);
        for (const Index item : history) ahead -= item != target && IsAhead(scores[item], score);
        result.ranks[at] = ahead;
      }
    }
  });
  result.seconds = watch.Seconds();
  return result;
}

EvaluationResult EvaluateItemScores(std::span<const float> scores, const EvaluationTask& task,
                                    unsigned threads) {
  const Stopwatch watch;
  EvaluationResult result = Unranked(task);
  std::vector<float> sorted;
  std::copy_if(scores.begin(), scores.end(), std::back_inserter(sorted),
               [](float score) { return !std::isnan(score); });
  std::sort(sorted.begin(), sorted.end());
  ParallelFor(threads, Blocks(task), "evaluate", [&](unsigned, std::size_t block) {
    std::vector<Index> history;
    const std::size_t end = std::min((block + 1) * kUsersAtOnce, task.size());
    for (std::size_t user = block * kUsersAtOnce; user < end; ++user) {
      history.clear();
      AppendKnown(task.History(user), history);
      for (std::uint64_t at = task.users[user].first_target; at < task.users[user + 1].first_target; ++at) {
        const Index target = task.targets[at];
        if (target == kNoIndex) continue;
        const float score = scores[target];
        std::size_t ahead = scores.size();  // of all items, the target itself among them
        if (!std::isnan(score))
          ahead -= std::lower_bound(sorted.begin(), sorted.end(), score) - sorted.begin();
        for (const Index item : history) ahead -= item != target && IsAhead(scores[item], score);
        result.ranks[at] = static_cast<std::uint32_t>(ahead);
      }
    }
  });
  result.seconds = watch.Seconds();
  return result;
}

EvaluationResult EvaluateSampled(const model::ModelView& view, const EvaluationTask& task,
                                 std::uint32_t negatives, std::uint64_t seed, unsigned threads,
                                 const UnseenToo& unseen_too) {
  const Stopwatch watch;
  const std::size_t dim = view.spec.dim;
  const model::UserVectors vectors(view, threads);
  EvaluationResult result =
      RankSampled(task, SampledNegatives(task, view.v.rows, negatives, seed, unseen_too), threads,
                  [&](std::size_t user, std::span<const Index> which, std::span<float> scores) {
                    std::vector<Index> history;
                    AppendKnown(task.History(user), history);
                    std::vector<float> vector(dim);
                    vectors.Compute(task.users[user].model_user, history, vector);
                    ScoreItems(vector.data(), dim, which, vectors.items(), scores);
                  });
  std::size_t pairs = 0;
  for (std::size_t user = 0; user < task.size(); ++user) {
    std::vector<Index> targets;
    AppendKnown(task.Targets(user), targets);
    if (!targets.empty()) pairs += targets.size() + negatives;
  }
  result.flops = 2.0 * static_cast<double>(pairs) * static_cast<double>(dim);
  result.seconds = watch.Seconds();
  return result;
}

EvaluationResult EvaluateScorerSampled(const model::ItemScorer& scorer, const EvaluationTask& task,
                                       std::uint32_t negatives, std::uint64_t seed, unsigned threads,
                                       const UnseenToo& unseen_too) {
  const Stopwatch watch;
  EvaluationResult result =
      RankSampled(task, SampledNegatives(task, scorer.items(), negatives, seed, unseen_too), threads,
                  [&](std::size_t user, std::span<const Index> which, std::span<float> out) {
                    std::vector<Index> history;
                    AppendKnown(task.History(user), history);
                    std::vector<float> scores(scorer.items());
                    scorer.Score(task.users[user].model_user, history, scores);
                    for (std::size_t n = 0; n < which.size(); ++n) out[n] = scores[which[n]];
                  });
  result.seconds = watch.Seconds();
  return result;
}

EvaluationResult EvaluateItemScoresSampled(std::span<const float> scores, const EvaluationTask& task,
                                           std::uint32_t negatives, std::uint64_t seed, unsigned threads,
                                           const UnseenToo& unseen_too) {
  const Stopwatch watch;
  EvaluationResult result =
      RankSampled(task, SampledNegatives(task, scores.size(), negatives, seed, unseen_too), threads,
                  [&](std::size_t, std::span<const Index> which, std::span<float> out) {
                    for (std::size_t n = 0; n < which.size(); ++n) out[n] = scores[which[n]];
                  });
  result.seconds = watch.Seconds();
  return result;
}

}  // namespace attune::worker
