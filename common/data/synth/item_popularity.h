#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "common/data/synth/draws.h"
#include "common/types.h"

namespace attune::synth {

/// Popularity of items: rank^-exponent, the ranks dealt out at random so that an item's index says nothing.
/// Threads: every method from any thread.
class ItemPopularity {
 public:
  ItemPopularity(Index items, double exponent, std::uint64_t seed)
      : items_(items), exponent_(exponent), rank_(items, StreamOf(seed, Draw::kItemRank)(0)) {}

  Index items() const { return items_; }
  /// ln of the item's weight: -exponent ln(rank), ranks from 1 on.
  double LogWeight(Index item) const { return -exponent_ * std::log(1.0 + rank_(item)); }

 private:
  Index items_;
  double exponent_;
  random::Permutation rank_;
};

/// Draws items in proportion to their popularity, with replacement, in constant time (Walker's alias method
/// as Vose made it, 1991). Memory: 8 bytes an item, 12 more while it is made.
/// Threads: every method from any thread.
class AliasTable {
 public:
  explicit AliasTable(const ItemPopularity& popularity);

  /// @param word  64 uniform bits
  Index operator()(std::uint64_t word) const {
    __extension__ using Wide = unsigned __int128;
    const Wide product = static_cast<Wide>(word) * slots_.size();  // slot, then uniform within the slot
    const auto at = static_cast<Index>(product >> 64);
    const auto within = static_cast<std::uint32_t>(static_cast<std::uint64_t>(product) >> 32);
    return within < slots_[at].keep ? at : slots_[at].alias;
  }

 private:
  struct Slot {
    std::uint32_t keep;  ///< share of the slot that is the item's own, times 2^32
    Index alias;         ///< whose the rest is
  };
  std::vector<Slot> slots_;
};

}  // namespace attune::synth
