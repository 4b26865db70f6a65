#include "worker/evaluator.h"

#include <algorithm>
#include <chrono>
#include <unordered_set>

#include "common/aligned_buffer.h"
#include "common/error.h"
#include "common/eval/metrics.h"
#include "common/model/user_vectors.h"
#include "common/random.h"
#include "common/simd.h"
#include "common/thread.h"
#include "worker/ranking.h"

namespace attune::worker {
namespace {

constexpr std::size_t kMostUsersPerBlock = 512;
constexpr std::size_t kLeastUsersPerBlock = 64;

/// Users that a thread takes at a time: enough to share the packing of items, few enough to keep all threads
/// busy.
std::size_t BlockUsers(std::size_t users, unsigned threads) {
  return std::clamp(users / (4 * std::max(1u, threads)), kLeastUsersPerBlock, kMostUsersPerBlock);
}

/// Calls use(begin, end) for blocks of users, in parallel, and measures the time.
template <typename Use>
double ForEachBlock(std::size_t users, unsigned threads, Use&& use) {
  const auto start = std::chrono::steady_clock::now();
  const std::size_t block = BlockUsers(users, threads);
  ParallelFor(threads, (users + block - 1) / block, "evaluate",
              [&](unsigned, std::size_t task) { use(task * block, std::min(users, (task + 1) * block)); });
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// Effective vectors of task users [begin, end), rows of `stride` floats.
void ComputeVectors(const model::UserVectors& vectors, const EvaluationTask& task, std::size_t begin,
                    std::size_t end, std::size_t dim, std::size_t stride, float* out) {
  for (std::size_t n = begin; n < end; ++n) {
    vectors.Compute(task.users[n].model_user, task.History(n), {out + (n - begin) * stride, dim});
  }
}

/// Targets that can be scored.
std::vector<Index> KnownTargets(std::span<const Index> targets) {
  std::vector<Index> known;
  std::copy_if(targets.begin(), targets.end(), std::back_inserter(known),
               [](Index item) { return item != kNoIndex; });
  return known;
}

/// Distributes ranks of known targets over all of a user's.
void Scatter(std::span<const Index> targets, std::span<const std::uint32_t> known,
             std::span<std::uint32_t> ranks) {
  std::size_t at = 0;
  for (std::size_t n = 0; n < targets.size(); ++n)
    ranks[n] = targets[n] == kNoIndex ? eval::kUnranked : known[at++];
}

void RankBlock(const model::ModelView& view, const model::UserVectors& vectors, const EvaluationTask& task,
               std::size_t begin, std::size_t end, std::span<std::uint32_t> ranks) {
  const std::size_t dim = view.spec.dim;
  const std::size_t stride = simd::Padded(dim);
  AlignedBuffer users;
  ComputeVectors(vectors, task, begin, end, dim, stride, users.Zeroed((end - begin) * stride));
  std::vector<std::vector<Index>> known;
  std::vector<RankingQuery> queries;
  std::size_t total = 0;
  for (std::size_t n = begin; n < end; ++n) {
    known.push_back(KnownTargets(task.Targets(n)));
    total += known.back().size();
  }
  for (std::size_t n = begin; n < end; ++n) queries.push_back({known[n - begin], task.History(n)});
  std::vector<std::uint32_t> found(total);
  RankTargets(users.data(), stride, queries, view.v, found);
  std::size_t at = 0;
  for (std::size_t n = begin; n < end; ++n) {
    const std::span<const std::uint32_t> all(found);
    Scatter(task.Targets(n), all.subspan(at, known[n - begin].size()),
            ranks.subspan(task.users[n].first_target, task.Targets(n).size()));
    at += known[n - begin].size();
  }
}

/// `count` distinct items outside `taken`, in the order in which they were drawn.
std::vector<Index> DrawNegatives(const random::Stream& stream, std::uint32_t user, std::uint32_t count,
                                 Index num_items, std::unordered_set<Index> taken) {
  if (taken.size() + count > num_items) {
    ThrowBadInput("a user has {} of {} items in history or held out: fewer than {} others to sample from",
                  taken.size(), num_items, count);
  }
  std::vector<Index> negatives;
  for (std::uint32_t draw = 0; negatives.size() < count; ++draw) {
    for (const std::uint32_t word : stream(user, draw)) {
      Index item = 0;
      if (negatives.size() == count || !random::Bounded(word, num_items, &item)) continue;
      if (taken.insert(item).second) negatives.push_back(item);
    }
  }
  return negatives;
}

/// Ranks of a user's targets among sampled negatives; `score(items, out)` scores them.
template <typename Score>
void RankSampled(const EvaluationTask& task, std::size_t n, std::span<const Index> negatives, Score&& score,
                 std::span<std::uint32_t> ranks) {
  std::vector<float> scores(negatives.size());
  score(negatives, std::span(scores));
  const auto targets = task.Targets(n);
  for (std::size_t t = 0; t < targets.size(); ++t) {
    std::uint32_t& rank = ranks[task.users[n].first_target + t];
    if (targets[t] == kNoIndex) {
      rank = eval::kUnranked;
      continue;
    }
    float target = 0;
    score(targets.subspan(t, 1), std::span(&target, 1));
    rank = 1;
    for (const float other : scores) rank += !(other < target);
  }
}

std::unordered_set<Index> TakenItems(const EvaluationTask& task, std::size_t n,
                                     const std::function<std::span<const Index>(std::size_t)>& unseen_too) {
  std::unordered_set<Index> taken(task.History(n).begin(), task.History(n).end());
  taken.insert(task.Targets(n).begin(), task.Targets(n).end());
  if (unseen_too) {
    const auto more = unseen_too(n);
    taken.insert(more.begin(), more.end());
  }
  taken.erase(kNoIndex);
  return taken;
}

/// Training counts sorted: how many items score at least x is one binary search.
class SortedScores {
 public:
  explicit SortedScores(std::span<const float> scores) : sorted_(scores.begin(), scores.end()) {
    std::sort(sorted_.begin(), sorted_.end());
  }
  std::uint32_t CountAtLeast(float x) const {
    return static_cast<std::uint32_t>(sorted_.end() - std::lower_bound(sorted_.begin(), sorted_.end(), x));
  }

 private:
  std::vector<float> sorted_;
};

}  // namespace

EvaluationTask MakeEvaluationTask(const data::Dataset& dataset, const data::HeldOut& held,
                                  const data::HeldOut* extra) {
  EvaluationTask task;
  for (std::size_t n = 0; n < held.size(); ++n) {
    task.users.push_back({held.users[n], task.targets.size(), task.histories.size()});
    const auto targets = held.Items(n);
    const auto history = dataset.History(held.users[n]);
    task.targets.insert(task.targets.end(), targets.begin(), targets.end());
    task.histories.insert(task.histories.end(), history.begin(), history.end());
    if (extra == nullptr) continue;
    const auto more = extra->Find(held.users[n]);
    task.histories.insert(task.histories.end(), more.begin(), more.end());
  }
  task.users.push_back({kNoIndex, task.targets.size(), task.histories.size()});
  return task;
}

EvaluationResult Evaluate(const model::ModelView& view, const EvaluationTask& task, unsigned threads) {
  EvaluationResult result;
  result.ranks.resize(task.targets.size());
  const auto start = std::chrono::steady_clock::now();
  const model::UserVectors vectors(view, threads);
  const double projecting = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  result.seconds = projecting + ForEachBlock(task.size(), threads, [&](std::size_t begin, std::size_t end) {
                     RankBlock(view, vectors, task, begin, end, result.ranks);
                   });
  result.flops = 2.0 * static_cast<double>(task.size()) * static_cast<double>(view.v.rows) * view.spec.dim;
  return result;
}

EvaluationResult EvaluateItemScores(std::span<const float> scores, const EvaluationTask& task,
                                    unsigned threads) {
  EvaluationResult result;
  result.ranks.resize(task.targets.size());
  const SortedScores sorted(scores);
  result.seconds = ForEachBlock(task.size(), threads, [&](std::size_t begin, std::size_t end) {
    for (std::size_t n = begin; n < end; ++n) {
      for (std::size_t t = 0; t < task.Targets(n).size(); ++t) {
        const Index target = task.Targets(n)[t];
        std::uint32_t& rank = result.ranks[task.users[n].first_target + t];
        if (target == kNoIndex) {
          rank = eval::kUnranked;
          continue;
        }
        rank = sorted.CountAtLeast(scores[target]);
        for (const Index item : task.History(n)) rank -= item != target && scores[item] >= scores[target];
      }
    }
  });
  return result;
}

EvaluationResult EvaluateSampled(const model::ModelView& view, const EvaluationTask& task,
                                 std::uint32_t negatives, std::uint64_t seed, unsigned threads,
                                 const std::function<std::span<const Index>(std::size_t)>& unseen_too) {
  EvaluationResult result;
  result.ranks.resize(task.targets.size());
  const model::UserVectors vectors(view, threads);
  const random::Stream stream(seed, random::Purpose::kSampledNegatives);
  result.seconds = ForEachBlock(task.size(), threads, [&](std::size_t begin, std::size_t end) {
    std::vector<float> user(view.spec.dim);
    for (std::size_t n = begin; n < end; ++n) {
      vectors.Compute(task.users[n].model_user, task.History(n), user);
      const auto drawn = DrawNegatives(stream, static_cast<std::uint32_t>(n), negatives,
                                       static_cast<Index>(view.v.rows), TakenItems(task, n, unseen_too));
      RankSampled(
          task, n, drawn,
          [&](std::span<const Index> items, std::span<float> out) {
            ScoreItems(user.data(), view.spec.dim, items, view.v, out);
          },
          result.ranks);
    }
  });
  result.flops = 2.0 * static_cast<double>(task.size()) * (negatives + 1.0) * view.spec.dim;
  return result;
}

EvaluationResult EvaluateItemScoresSampled(
    std::span<const float> scores, const EvaluationTask& task, std::uint32_t negatives, std::uint64_t seed,
    unsigned threads, const std::function<std::span<const Index>(std::size_t)>& unseen_too) {
  EvaluationResult result;
  result.ranks.resize(task.targets.size());
  const random::Stream stream(seed, random::Purpose::kSampledNegatives);
  result.seconds = ForEachBlock(task.size(), threads, [&](std::size_t begin, std::size_t end) {
    for (std::size_t n = begin; n < end; ++n) {
      const auto drawn = DrawNegatives(stream, static_cast<std::uint32_t>(n), negatives,
                                       static_cast<Index>(scores.size()), TakenItems(task, n, unseen_too));
      RankSampled(
          task, n, drawn,
          [&](std::span<const Index> items, std::span<float> out) {
            for (std::size_t i = 0; i < items.size(); ++i) out[i] = scores[items[i]];
          },
          result.ranks);
    }
  });
  return result;
}

}  // namespace attune::worker
