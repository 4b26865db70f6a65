#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "common/data/dataset.h"
#include "common/model/item_scorer.h"
#include "common/model/model_view.h"

namespace attune::model {
class UserVectors;
}

namespace attune::worker {

/// Who is evaluated, on what, against what: prepared once, used for every evaluation of a run.
struct EvaluationTask {
  /// One user with targets. Indices are those of the model's rows; kNoIndex for a user or item the model does
  /// not know.
  struct User {
    Index model_user = kNoIndex;
    std::uint64_t first_target = 0;   ///< into targets
    std::uint64_t first_history = 0;  ///< into histories
  };
  std::vector<User> users;  ///< plus one at the end that only bounds the last
  std::vector<Index> targets;
  std::vector<Index> histories;  ///< R(i): enters u'_i and leaves the ranking

  std::size_t size() const { return users.empty() ? 0 : users.size() - 1; }
  /// Users of the task, as [first, end), that are model users `first` … `end` - 1. The task's users ascend.
  std::pair<std::size_t, std::size_t> Range(Index first, Index end) const;
  std::span<const Index> Targets(std::size_t n) const {
    return std::span(targets).subspan(users[n].first_target,
                                      users[n + 1].first_target - users[n].first_target);
  }
  std::span<const Index> History(std::size_t n) const {
    return std::span(histories).subspan(users[n].first_history,
                                        users[n + 1].first_history - users[n].first_history);
  }
};

/// How much a task holds.
struct TaskExtent {
  std::size_t users = 0, targets = 0, histories = 0;
  std::uint64_t bytes() const {
    return (users + 1) * sizeof(EvaluationTask::User) + (targets + histories) * sizeof(Index);
  }
};
/// Of the task that MakeEvaluationTask makes of the same.
TaskExtent ExtentOfTask(const data::Dataset& dataset, const data::HeldOut& held, const data::HeldOut* extra);

/// The task for a data set whose ids are the model's, index for index.
/// @param held   targets
/// @param extra  further interactions that belong to the history (validation items at test time); may be
/// nullptr
EvaluationTask MakeEvaluationTask(const data::Dataset& dataset, const data::HeldOut& held,
                                  const data::HeldOut* extra);

struct EvaluationResult {
  std::vector<std::uint32_t>
      ranks;  ///< of all targets, in the task's order; eval::kUnranked for unknown items
  double seconds = 0;
  double flops = 0;      ///< multiply-adds of the score products, times two
  bool complete = true;  ///< whether it was not stopped before its end
};

/// Full ranking over all items without the user's history, for some of a task's users at a time.
/// Threads: Rank from any thread.
class FullRanking {
 public:
  /// References must outlive the ranking. @param threads  that prepare what all users share
  FullRanking(const model::ModelView& view, const EvaluationTask& task, unsigned threads);
  ~FullRanking();

  /// Bytes that one thread takes for a block of the task's users while it ranks.
  static std::uint64_t ScratchBytes(std::size_t dim, const TaskExtent& task);

  /// Ranks of the targets of task users `first` … `end` - 1, streamed in blocks: memory is bounded.
  /// @param ranks  [all targets of the task]; those of other users are left alone
  /// @param stop  ends it before the next block, when it is set; nullptr for none
  /// @returns how many users had a target to rank
  std::size_t Rank(std::size_t first, std::size_t end, std::span<std::uint32_t> ranks,
                   const std::atomic<bool>* stop = nullptr) const;

 private:
  const model::ModelView& view_;
  const EvaluationTask& task_;
  std::unique_ptr<model::UserVectors> vectors_;
};

/// Full ranking of all users of the task. @param at_peak  called while what all users share is still there
EvaluationResult Evaluate(const model::ModelView& view, const EvaluationTask& task, unsigned threads,
                          const std::function<void()>& at_peak = {});

/// The same for a model without vectors.
EvaluationResult EvaluateScorer(const model::ItemScorer& scorer, const EvaluationTask& task,
                                unsigned threads);

/// The same for a scorer that gives each item one score whoever asks (popularity: training counts).
/// @param scores  [items]
EvaluationResult EvaluateItemScores(std::span<const float> scores, const EvaluationTask& task,
                                    unsigned threads);

/// The protocol of old papers: each target among `negatives` distinct items drawn uniformly outside the
/// user's history, targets and further held-out items; a pure function of (seed, user, draw).
/// @param unseen_too  further items that are never drawn for a user (the other held-out split), or nullptr;
/// by task user
EvaluationResult EvaluateSampled(const model::ModelView& view, const EvaluationTask& task,
                                 std::uint32_t negatives, std::uint64_t seed, unsigned threads,
                                 const std::function<std::span<const Index>(std::size_t)>& unseen_too = {});
EvaluationResult EvaluateScorerSampled(
    const model::ItemScorer& scorer, const EvaluationTask& task, std::uint32_t negatives, std::uint64_t seed,
    unsigned threads, const std::function<std::span<const Index>(std::size_t)>& unseen_too = {});
EvaluationResult EvaluateItemScoresSampled(
    std::span<const float> scores, const EvaluationTask& task, std::uint32_t negatives, std::uint64_t seed,
    unsigned threads, const std::function<std::span<const Index>(std::size_t)>& unseen_too = {});

}  // namespace attune::worker
