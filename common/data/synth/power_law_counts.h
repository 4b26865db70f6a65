#pragma once

#include <cstdint>
#include <vector>

#include "common/types.h"

namespace attune::synth {

/// Shape of the users' activity.
struct CountLaw {
  Index users = 0;
  std::uint64_t total = 0;  ///< sum of all counts: users * least … users * most
  double exponent = 0;      ///< at least 0
  std::uint32_t least = 0;  ///< of each user
  std::uint32_t most = 0;   ///< of each user
};

/// Counts that fall as rank^-exponent between `least` and `most` and add up to exactly `total`:
/// clamp(c rank^-exponent, least, most), rounded so that what one rank loses the next gains.
/// [users], by rank. Memory besides: 8 bytes a user while it runs.
std::vector<std::uint32_t> PowerLawCounts(const CountLaw& law);

}  // namespace attune::synth
