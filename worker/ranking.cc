#include "worker/ranking.h"

#ifdef __AVX512DQ__
#include <immintrin.h>
#endif

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "common/aligned_buffer.h"
#include "common/error.h"
#include "worker/score_kernel.h"

namespace attune::worker {
namespace {

using simd::Vector;

/// Queries that go through the items together: their vectors stay in the second-level cache.
constexpr std::size_t kQueriesAtOnce = 512;

/// The predicate of a rank, for one pair and for a vector of them; true for a score that is not a number.
bool IsAhead(float score, float target) {
  return !(score < target);
}
Mask IsAhead(Vector scores, Vector target) {
  return ~Mask(scores < target);
}

/// Lanes of a panel's vectors that are items: all but at the end of V.
std::array<Mask, kPanelVectors> ItemLanes(std::size_t items) {
  std::array<Mask, kPanelVectors> lanes;
  for (std::size_t n = 0; n < kPanelItems; ++n) {
    lanes[n / simd::kLanes][n % simd::kLanes] = n < items ? -1 : 0;
  }
  return lanes;
}

std::uint32_t Total(Mask counts) {
  std::uint32_t total = 0;
  for (std::size_t n = 0; n < simd::kLanes; ++n) total += static_cast<std::uint32_t>(counts[n]);
  return total;
}

/// One bit for each lane that is set.
std::uint32_t Bits(Mask mask) {
#ifdef __AVX512DQ__
  return _mm512_movepi32_mask(reinterpret_cast<__m512i>(mask));
#else
  std::uint32_t bits = 0;
  for (std::size_t n = 0; n < simd::kLanes; ++n) bits |= static_cast<std::uint32_t>(mask[n] & 1) << n;
  return bits;
#endif
}

/// Calls visit.operator()<n>() for n = count, 1 <= count <= kTileUsers.
template <std::size_t n = kTileUsers, typename Visit>
void WithTileSize(std::size_t count, Visit&& visit) {
  if (count == n) return visit.template operator()<n>();
  if constexpr (n > 1) WithTileSize<n - 1>(count, visit);
}

/// User vectors in tiles of [dim][users of the tile].
class UserTiles {
 public:
  UserTiles(const float* users, std::size_t stride, std::size_t count, std::size_t dim)
      : count_(count), dim_(dim), packed_(buffer_.Reserve(count * dim)) {
    for (std::size_t first = 0; first < count; first += kTileUsers) {
      const std::size_t size = std::min(kTileUsers, count - first);
      float* tile = packed_ + first * dim;
      for (std::size_t n = 0; n < size; ++n) {
        const float* user = users + (first + n) * stride;
        for (std::size_t k = 0; k < dim; ++k) tile[k * size + n] = user[k];
      }
    }
  }

  /// Calls use.operator()<users>(first user, first item, items, scores) for every tile of every panel of
  /// `items`, items ascending.
  template <typename Use>
  void ForEachTile(const model::RowsView& items, Use&& use) const {
    AlignedBuffer buffer;
    float* panel = buffer.Reserve(PanelFloats(dim_));
    for (std::size_t item = 0; item < items.rows; item += kPanelItems) {
      const std::size_t panel_items = std::min(kPanelItems, items.rows - item);
      PackPanel([&](std::size_t n) { return items[item + n]; }, panel_items, dim_, panel);
      for (std::size_t first = 0; first < count_; first += kTileUsers) {
        WithTileSize(std::min(kTileUsers, count_ - first), [&]<std::size_t kUsers>() {
          ScoreTile<kUsers>(packed_ + first * dim_, panel, dim_, [&](const auto& scores) {
            use.template operator()<kUsers>(first, item, panel_items, scores);
          });
        });
      }
    }
  }

 private:
  std::size_t count_;
  std::size_t dim_;
  AlignedBuffer buffer_;
  float* packed_;
};

/// Counts who is ahead of the targets of some queries.
class RankCounter {
 public:
  RankCounter(const float* users, std::size_t stride, std::span<const RankingQuery> queries,
              const model::RowsView& items)
      : users_(users), stride_(stride), queries_(queries), items_(items) {
    first_target_.push_back(0);
    for (const RankingQuery& query : queries) {
      first_target_.push_back(first_target_.back() + query.targets.size());
    }
    target_scores_.resize(first_target_.back());
    outside_.resize(first_target_.back());
    ahead_.resize(first_target_.back());
  }

  void Rank(std::span<std::uint32_t> ranks) {
    for (std::size_t query = 0; query < queries_.size(); ++query) ScoreTargets(query);
    const UserTiles tiles(users_, stride_, queries_.size(), items_.width);
    const std::array<Mask, kPanelVectors> last_lanes = ItemLanes((items_.rows - 1) % kPanelItems + 1);
    tiles.ForEachTile(items_, [&]<std::size_t kUsers>(std::size_t first, std::size_t, std::size_t count,
                                                      const auto& scores) {
      if (count == kPanelItems) {
        CountTile<kUsers>(first, scores, [](Mask ahead, std::size_t) { return ahead; });
      } else {
        CountTile<kUsers>(first, scores, [&](Mask ahead, std::size_t v) { return ahead & last_lanes[v]; });
      }
    });
    for (std::size_t n = 0; n < ranks.size(); ++n) ranks[n] = 1 + Total(ahead_[n]) - outside_[n];
  }

 private:
  /// Scores of the targets, and how many of those that are counted are no other candidates: the excluded
  /// items and the target itself.
  void ScoreTargets(std::size_t query) {
    const std::span<const Index> targets = queries_[query].targets;
    const std::span<const Index> excluded = queries_[query].excluded;
    if (targets.empty()) return;
    which_.assign(targets.begin(), targets.end());
    which_.insert(which_.end(), excluded.begin(), excluded.end());
    scores_.resize(which_.size());
    ScoreItems(users_ + query * stride_, items_.width, which_, items_, scores_);
    for (std::size_t n = 0; n < targets.size(); ++n) {
      std::uint32_t outside = 1;
      for (std::size_t e = 0; e < excluded.size(); ++e) {
        outside += excluded[e] != targets[n] && IsAhead(scores_[targets.size() + e], scores_[n]);
      }
      target_scores_[first_target_[query] + n] = scores_[n];
      outside_[first_target_[query] + n] = outside;
    }
  }

  template <std::size_t kUsers, typename Scores, typename Lanes>
  [[gnu::always_inline]] void CountTile(std::size_t first, const Scores& scores, Lanes&& lanes) {
    for (std::size_t n = 0; n < kUsers; ++n) {
      for (std::size_t t = first_target_[first + n]; t < first_target_[first + n + 1]; ++t) {
        const Vector target = simd::Broadcast(target_scores_[t]);
        Mask ahead = ahead_[t];
        for (std::size_t v = 0; v < kPanelVectors; ++v) ahead -= lanes(IsAhead(scores[n][v], target), v);
        ahead_[t] = ahead;
      }
    }
  }

  const float* users_;
  std::size_t stride_;
  std::span<const RankingQuery> queries_;
  model::RowsView items_;
  std::vector<std::size_t> first_target_;
  std::vector<float> target_scores_;
  std::vector<std::uint32_t> outside_;
  std::vector<Mask> ahead_;  ///< by lane
  std::vector<Index> which_;
  std::vector<float> scores_;
};

bool IsBetter(const ScoredItem& a, const ScoredItem& b) {
  return a.score > b.score || (a.score == b.score && a.item < b.item);
}

/// The k best of items that are offered by ascending index. Keeps up to 2k of them: selecting the better half
/// now and then is cheaper than an ordered heap.
class BestItems {
 public:
  BestItems(std::size_t k, std::span<const Index> excluded)
      : k_(k), excluded_(excluded.begin(), excluded.end()) {
    std::sort(excluded_.begin(), excluded_.end());
  }

  /// Only a score that is not <= this can matter; not a number until k items are known.
  float threshold() const { return threshold_; }

  void Offer(Index item, float score) {
    if (score <= threshold_ || std::isnan(score)) return;
    while (next_excluded_ < excluded_.size() && excluded_[next_excluded_] < item) ++next_excluded_;
    if (next_excluded_ < excluded_.size() && excluded_[next_excluded_] == item) return;
    items_.push_back({item, score});
    if (items_.size() >= 2 * k_) Select();
  }

  std::vector<ScoredItem> Take() {
    if (items_.size() > k_) Select();
    std::sort(items_.begin(), items_.end(), IsBetter);
    return std::move(items_);
  }

 private:
  void Select() {
    std::nth_element(items_.begin(), items_.begin() + (k_ - 1), items_.end(), IsBetter);
    items_.resize(k_);
    threshold_ = items_[k_ - 1].score;
  }

  std::size_t k_;
  float threshold_ = std::numeric_limits<float>::quiet_NaN();
  std::vector<ScoredItem> items_;
  std::vector<Index> excluded_;
  std::size_t next_excluded_ = 0;
};

void BestOfBlock(const float* users, std::size_t stride, std::span<const RankingQuery> queries,
                 const model::RowsView& items, std::size_t k, std::vector<std::vector<ScoredItem>>& result) {
  std::vector<BestItems> best;
  for (const RankingQuery& query : queries) best.emplace_back(k, query.excluded);
  std::vector<float> thresholds(queries.size(), std::numeric_limits<float>::quiet_NaN());
  const UserTiles tiles(users, stride, queries.size(), items.width);
  tiles.ForEachTile(items, [&]<std::size_t kUsers>(std::size_t first, std::size_t item, std::size_t count,
                                                   const auto& scores) {
    for (std::size_t n = 0; n < kUsers; ++n) {
      const Vector threshold = simd::Broadcast(thresholds[first + n]);
      std::uint64_t hits = 0;
      for (std::size_t v = 0; v < kPanelVectors; ++v) {
        hits |= std::uint64_t{Bits(~Mask(scores[n][v] <= threshold))} << (v * simd::kLanes);
      }
      hits &= (std::uint64_t{1} << count) - 1;
      if (hits == 0) continue;
      float row[kPanelItems];
      for (std::size_t v = 0; v < kPanelVectors; ++v) simd::Store(row + v * simd::kLanes, scores[n][v]);
      for (; hits != 0; hits &= hits - 1) {
        const auto lane = static_cast<std::size_t>(__builtin_ctzll(hits));
        best[first + n].Offer(static_cast<Index>(item + lane), row[lane]);
      }
      thresholds[first + n] = best[first + n].threshold();
    }
  });
  for (BestItems& one : best) result.push_back(one.Take());
}

}  // namespace

void RankTargets(const float* users, std::size_t stride, std::span<const RankingQuery> queries,
                 const model::RowsView& items, std::span<std::uint32_t> ranks) {
  std::size_t done = 0;
  for (std::size_t first = 0; first < queries.size(); first += kQueriesAtOnce) {
    const auto block = queries.subspan(first, std::min(kQueriesAtOnce, queries.size() - first));
    std::size_t targets = 0;
    for (const RankingQuery& query : block) targets += query.targets.size();
    if (targets == 0) continue;
    RankCounter(users + first * stride, stride, block, items).Rank(ranks.subspan(done, targets));
    done += targets;
  }
  ATTUNE_CHECK(done == ranks.size());
}

std::vector<std::vector<ScoredItem>> TopItems(const float* users, std::size_t stride,
                                              std::span<const RankingQuery> queries,
                                              const model::RowsView& items, std::size_t k) {
  if (k == 0) return std::vector<std::vector<ScoredItem>>(queries.size());
  std::vector<std::vector<ScoredItem>> result;
  for (std::size_t first = 0; first < queries.size(); first += kQueriesAtOnce) {
    const auto block = queries.subspan(first, std::min(kQueriesAtOnce, queries.size() - first));
    BestOfBlock(users + first * stride, stride, block, items, k, result);
  }
  return result;
}

std::vector<ScoredItem> BestOf(std::span<const float> scores, std::span<const Index> excluded,
                               std::size_t k) {
  if (k == 0) return {};
  BestItems best(k, excluded);
  for (std::size_t item = 0; item < scores.size(); ++item) best.Offer(static_cast<Index>(item), scores[item]);
  return best.Take();
}

void ScoreItems(const float* user, std::size_t dim, std::span<const Index> which,
                const model::RowsView& items, std::span<float> scores) {
  ATTUNE_CHECK(dim == items.width && scores.size() == which.size());
  AlignedBuffer buffer;
  float* panel = buffer.Reserve(PanelFloats(dim));
  for (std::size_t first = 0; first < which.size(); first += kPanelItems) {
    const std::size_t count = std::min(kPanelItems, which.size() - first);
    PackPanel([&](std::size_t n) { return items[which[first + n]]; }, count, dim, panel);
    ScoreTile<1>(user, panel, dim, [&](const auto& tile) {
      float row[kPanelItems];
      for (std::size_t v = 0; v < kPanelVectors; ++v) simd::Store(row + v * simd::kLanes, tile[0][v]);
      std::copy_n(row, count, scores.begin() + first);
    });
  }
}

}  // namespace attune::worker
