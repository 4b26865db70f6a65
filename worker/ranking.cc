#include "worker/ranking.h"

#include <algorithm>
#include <cmath>

#include "common/aligned_buffer.h"
#include "worker/score_kernel.h"

namespace attune::worker {
namespace {

using Counts = decltype(simd::Vector{} < simd::Vector{});  ///< sixteen 32-bit integers

std::uint32_t SumLanes(Counts counts) {
  std::uint32_t sum = 0;
  for (std::size_t n = 0; n < simd::kLanes; ++n) sum += static_cast<std::uint32_t>(counts[n]);
  return sum;
}

/// All ones in the lanes below `count`, for each vector of a panel.
std::array<Counts, kPanelVectors> ValidLanes(std::size_t count) {
  std::array<Counts, kPanelVectors> valid{};
  for (std::size_t n = 0; n < count; ++n) valid[n / simd::kLanes][n % simd::kLanes] = -1;
  return valid;
}

/// Calls use(panel, first, count) for every panel of items.
template <typename Use>
void ForEachPanel(const model::RowsView& items, Use&& use) {
  AlignedBuffer buffer;
  float* panel = buffer.Reserve(items.width * kPanelItems);
  for (std::size_t first = 0; first < items.rows; first += kPanelItems) {
    const std::size_t count = std::min(kPanelItems, items.rows - first);
    PackPanel(items, first, count, panel);
    use(panel, first, count);
  }
}

/// Whether a candidate with this score is ahead of, or ties with, a target: true also when either is not a
/// number.
bool NotBehind(float score, float target) {
  return !(score < target);
}

/// Keeps the k best of one query. The worst kept is at the front of a heap.
class BestItems {
 public:
  BestItems(std::size_t k, std::span<const Index> excluded)
      : k_(k), excluded_(excluded.begin(), excluded.end()) {
    std::sort(excluded_.begin(), excluded_.end());
  }
  /// Scores below this cannot enter.
  float threshold() const { return heap_.size() < k_ ? -HUGE_VALF : heap_.front().score; }

  void Offer(Index item, float score) {
    if (std::isnan(score) || std::binary_search(excluded_.begin(), excluded_.end(), item)) return;
    const ScoredItem offered{item, score};
    if (heap_.size() < k_) {
      heap_.push_back(offered);
      std::push_heap(heap_.begin(), heap_.end(), Better);
    } else if (Better(offered, heap_.front())) {
      std::pop_heap(heap_.begin(), heap_.end(), Better);
      heap_.back() = offered;
      std::push_heap(heap_.begin(), heap_.end(), Better);
    }
  }
  std::vector<ScoredItem> Take() {
    std::sort(heap_.begin(), heap_.end(), Better);
    return std::move(heap_);
  }

 private:
  static bool Better(const ScoredItem& a, const ScoredItem& b) {
    return a.score != b.score ? a.score > b.score : a.item < b.item;
  }
  std::size_t k_;
  std::vector<Index> excluded_;
  std::vector<ScoredItem> heap_;
};

/// What the full count includes but must not: the query's excluded items that are not behind the target.
std::uint32_t CountExcluded(const float* user, std::size_t dim, const RankingQuery& query, Index target,
                            float target_score, const model::RowsView& items, std::vector<float>& scores) {
  scores.resize(query.excluded.size());
  ScoreChains(user, dim, query.excluded, items, scores.data());
  std::uint32_t count = 0;
  for (std::size_t n = 0; n < scores.size(); ++n) {
    count += query.excluded[n] != target && NotBehind(scores[n], target_score);
  }
  return count;
}

}  // namespace

void ScoreItems(const float* user, std::size_t dim, std::span<const Index> which,
                const model::RowsView& items, std::span<float> scores) {
  ScoreChains(user, dim, which, items, scores.data());
}

void RankTargets(const float* users, std::size_t stride, std::span<const RankingQuery> queries,
                 const model::RowsView& items, std::span<std::uint32_t> ranks) {
  const std::size_t dim = items.width;
  std::vector<std::size_t> first(queries.size() + 1, 0);
  for (std::size_t q = 0; q < queries.size(); ++q) first[q + 1] = first[q] + queries[q].targets.size();
  std::vector<float> targets(first.back());
  for (std::size_t q = 0; q < queries.size(); ++q) {
    ScoreChains(users + q * stride, dim, queries[q].targets, items, targets.data() + first[q]);
  }

  std::vector<Counts> counts(first.back(), Counts{});
  ForEachPanel(items, [&](const float* panel, std::size_t, std::size_t count) {
    const auto valid = ValidLanes(count);
    ScorePanel(users, queries.size(), stride, panel, dim, [&](std::size_t q, const PanelScores& scores) {
      for (std::size_t t = first[q]; t < first[q + 1]; ++t) {
        const simd::Vector target = simd::Broadcast(targets[t]);
        for (std::size_t v = 0; v < kPanelVectors; ++v) counts[t] -= ~(scores[v] < target) & valid[v];
      }
    });
  });

  std::vector<float> scratch;
  for (std::size_t q = 0; q < queries.size(); ++q) {
    for (std::size_t t = first[q]; t < first[q + 1]; ++t) {
      const Index target = queries[q].targets[t - first[q]];
      const std::uint32_t excluded =
          CountExcluded(users + q * stride, dim, queries[q], target, targets[t], items, scratch);
      ranks[t] = SumLanes(counts[t]) - excluded;  // the target itself is counted: that is the 1 of a rank
    }
  }
}

std::vector<std::vector<ScoredItem>> TopItems(const float* users, std::size_t stride,
                                              std::span<const RankingQuery> queries,
                                              const model::RowsView& items, std::size_t k) {
  std::vector<BestItems> best;
  best.reserve(queries.size());
  for (const RankingQuery& query : queries) best.emplace_back(k, query.excluded);
  if (k > 0) {
    ForEachPanel(items, [&](const float* panel, std::size_t first, std::size_t count) {
      ScorePanel(users, queries.size(), stride, panel, items.width,
                 [&](std::size_t q, const PanelScores& scores) {
                   const simd::Vector threshold = simd::Broadcast(best[q].threshold());
                   for (std::size_t v = 0; v < kPanelVectors; ++v) {
                     const Counts ahead = scores[v] > threshold;
                     const Counts equal =
                         scores[v] == threshold;  // minus infinity, and ties that a lower index may win
                     if (SumLanes(-(ahead | equal)) == 0) continue;
                     for (std::size_t n = 0; n < simd::kLanes && v * simd::kLanes + n < count; ++n) {
                       if (ahead[n] | equal[n])
                         best[q].Offer(static_cast<Index>(first + v * simd::kLanes + n), scores[v][n]);
                     }
                   }
                 });
    });
  }
  std::vector<std::vector<ScoredItem>> lists;
  lists.reserve(best.size());
  for (BestItems& one : best) lists.push_back(one.Take());
  return lists;
}

}  // namespace attune::worker
