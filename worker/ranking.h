#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "common/model/model_view.h"
#include "common/types.h"

/// Scores of users against all items as blocked matrix products in registers: ranks are counted and the best
/// items kept while scores are still there, so that no score matrix is ever written.
namespace attune::worker {

/// One user to rank for.
struct RankingQuery {
  std::span<const Index> targets;   ///< items whose ranks are wanted
  std::span<const Index> excluded;  ///< items that are not candidates: R(i); any order, without duplicates
};

/// Ranks of every target among the items that are not excluded. Ties rank against the model: rank = 1 + the
/// number of other candidates with score(l) >= score(target); a target whose score is not a number ranks
/// last. A candidate whose score is not a number counts as ahead. The score of a pair is bit for bit the same
/// wherever it is computed. A target that is itself excluded ranks as if it were not.
/// @param users    [queries, D] effective user vectors u'_i, row-major, `stride` floats apart
/// @param items    V
/// @param ranks    receives the ranks, query after query: [Σ targets]
/// Memory: bounded by the block sizes. Threads: any number of concurrent calls.
void RankTargets(const float* users, std::size_t stride, std::span<const RankingQuery> queries,
                 const model::RowsView& items, std::span<std::uint32_t> ranks);

struct ScoredItem {
  Index item;
  float score;
};

/// The k best candidates of each query by score, best first; ties by lower item index; scores that are not
/// numbers never. Queries' targets are ignored. Fewer than k when there are fewer candidates.
std::vector<std::vector<ScoredItem>> TopItems(const float* users, std::size_t stride,
                                              std::span<const RankingQuery> queries,
                                              const model::RowsView& items, std::size_t k);

/// The same of scores that are known. @param scores  [items]
std::vector<ScoredItem> BestOf(std::span<const float> scores, std::span<const Index> excluded, std::size_t k);

/// Scores of given items for one user, as RankTargets sees them.
void ScoreItems(const float* user, std::size_t dim, std::span<const Index> which,
                const model::RowsView& items, std::span<float> scores);

}  // namespace attune::worker
