#include "common/data/training_data.h"

#include <algorithm>
#include <numeric>
namespace attune::data {

TrainingData::TrainingData(const Dataset& dataset)
    : slices_(dataset.slices().begin(), dataset.slices().end()) {
  Count(dataset.num_items());
}

TrainingData::TrainingData(const Dataset& dataset, const HeldOut& added) {
  owned_.reserve(dataset.slices().size());  // slices_ refers to its elements
  for (const Rows& rows : dataset.slices()) {
    Owned& owned = owned_.emplace_back();
    owned.indptr.push_back(0);
    for (Index offset = 0; offset < rows.users(); ++offset) {
      const auto train = rows[offset];
      const auto more = added.Find(rows.first_user + offset);
      owned.items.insert(owned.items.end(), train.begin(), train.end());
      owned.items.insert(owned.items.end(), more.begin(), more.end());
      owned.indptr.push_back(owned.items.size());
    }
    slices_.push_back({rows.first_user, owned.indptr, owned.items});
  }
  Count(dataset.num_items());
}

void TrainingData::Count(Index num_items) {
  item_counts_.assign(num_items, 0);
  for (const Rows& rows : slices_) {
    num_interactions_ += rows.items.size();
    for (const Index item : rows.items) ++item_counts_[item];
  }
}

std::uint64_t TrainingData::bytes() const {
  std::uint64_t bytes = item_counts_.size() * sizeof(std::uint32_t);
  for (const Rows& rows : slices_) bytes += rows.items.size_bytes() + rows.indptr.size_bytes();
  return bytes;
}

std::vector<Index> ByPopularity(std::span<const std::uint32_t> counts) {
  std::vector<Index> items(counts.size());
  std::iota(items.begin(), items.end(), Index{0});
  std::stable_sort(items.begin(), items.end(), [&](Index a, Index b) { return counts[a] > counts[b]; });
  return items;
}

}  // namespace attune::data
