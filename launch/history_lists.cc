#include "launch/history_lists.h"

#include <algorithm>

#include "common/aligned_buffer.h"
#include "common/simd.h"

namespace attune::launch {

std::vector<std::vector<worker::ScoredItem>> HistoryLists::Best(std::span<const HistoryQuery> queries,
                                                                std::size_t k, bool exclude_seen,
                                                                const ItemSubset& subset) const {
  const std::size_t dim = view_.spec.dim;
  const std::size_t stride = simd::Padded(dim);
  AlignedBuffer buffer;
  float* rows = buffer.Zeroed(std::max<std::size_t>(1, queries.size()) * stride);
  std::vector<worker::RankingQuery> ranking(queries.size());
  for (std::size_t n = 0; n < queries.size(); ++n) {
    vectors_.Compute(queries[n].user, queries[n].history, {rows + n * stride, dim});
    if (exclude_seen) ranking[n].excluded = queries[n].history;
  }
  return subset.Top(rows, stride, ranking, items(), k);
}

void HistoryLists::Score(const HistoryQuery& query, std::span<const Index> which,
                         std::span<float> scores) const {
  std::vector<float> vector(view_.spec.dim);
  vectors_.Compute(query.user, query.history, vector);
  worker::ScoreItems(vector.data(), vector.size(), which, items(), scores);
}

}  // namespace attune::launch
