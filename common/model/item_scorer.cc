#include "common/model/item_scorer.h"

#include <algorithm>

#include "common/error.h"

namespace attune::model {

void PopularityScorer::Score(Index, std::span<const Index>, std::span<float> scores) const {
  ATTUNE_CHECK(scores.size() == counts_.size());
  std::transform(counts_.begin(), counts_.end(), scores.begin(),
                 [](std::uint32_t count) { return static_cast<float>(count); });
}

void ItemKnnScorer::Score(Index, std::span<const Index> history, std::span<float> scores) const {
  ATTUNE_CHECK(scores.size() == items());
  std::ranges::fill(scores, 0.0f);
  for (const Index item : history) {
    const auto near = neighbours_.Columns(item);
    const auto similarities = neighbours_.Values(item);
    for (std::size_t n = 0; n < near.size(); ++n) scores[near[n]] += similarities[n];
  }
}

UserKnnScorer::UserKnnScorer(const SparseView& histories, Index items, const NeighbourSpec& spec)
    : histories_(histories),
      items_(items),
      users_of_item_(Transposed(histories, items)),
      search_(users_of_item_.view(), histories.rows(), spec) {}

void UserKnnScorer::Score(Index user, std::span<const Index> history, std::span<float> scores) const {
  ATTUNE_CHECK(scores.size() == items_);
  std::ranges::fill(scores, 0.0f);
  for (const Neighbour& neighbour : search_.Find(history, user)) {
    for (const Index item : histories_.Columns(neighbour.row)) scores[item] += neighbour.similarity;
  }
}

}  // namespace attune::model
