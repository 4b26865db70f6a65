#pragma once

#include <cstdint>
#include <limits>

namespace attune {

/// Position of a user in users.tsv, of an item in items.tsv. Which one is meant is said by the variable's
/// name.
using Index = std::uint32_t;
inline constexpr Index kNoIndex = std::numeric_limits<Index>::max();

/// (user i, positive item j, negative item k), equation 5.
struct Triple {
  Index user;
  Index positive;
  Index negative;
};

}  // namespace attune
