#include "worker/triple_source.h"

#include <algorithm>

namespace attune::worker {

TripleSource::TripleSource(std::span<const Triple> triples, std::span<const data::Rows> slices,
                           bool has_history, std::uint32_t batch_triples, std::uint32_t max_visit_triples)
    : triples_(triples),
      slices_(slices),
      has_history_(has_history),
      batch_triples_(batch_triples),
      max_visit_triples_(max_visit_triples) {}

std::span<const Index> TripleSource::History(Index user) const {
  if (!has_history_) return {};
  const auto after = std::upper_bound(slices_.begin(), slices_.end(), user,
                                      [](Index u, const data::Rows& rows) { return u < rows.first_user; });
  const data::Rows& rows = *(after - 1);
  return rows[user - rows.first_user];
}

bool TripleSource::Fill(Batch& batch) {
  batch.Clear();
  const std::size_t count = std::min<std::size_t>(batch_triples_, triples_.size());
  for (std::size_t n = 0; n < count; ++n) {
    const Triple& triple = triples_[n];
    const bool same_user = !batch.visits.empty() && batch.visits.back().user == triple.user &&
                           batch.visits.back().count < max_visit_triples_;
    if (!same_user) batch.visits.push_back({triple.user, batch.triples(), 0, History(triple.user)});
    batch.positives.push_back(triple.positive);
    batch.negatives.push_back(triple.negative);
    ++batch.visits.back().count;
  }
  triples_ = triples_.subspan(count);
  return count > 0;
}

}  // namespace attune::worker
