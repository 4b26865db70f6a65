#include "common/sync/placement.h"

namespace attune::sync {

Placement::Placement(const ShardMap& shards, std::optional<std::uint32_t> self,
                     std::span<const Index> hottest)
    : items_(shards.rows()), row_of_(items_, kNoIndex) {
  constexpr Index kHere = 0;
  for (const Index item : hottest) row_of_[item] = kHere;
  for (Index item = 0; item < items_; ++item) {
    if (self && shards.OwnerOf(item) == *self) row_of_[item] = kHere;
    if (row_of_[item] != kHere) continue;
    row_of_[item] = rows_++;
    item_of_.push_back(item);
  }
  if (!complete()) return;
  row_of_.clear();
  item_of_.clear();
}

}  // namespace attune::sync
