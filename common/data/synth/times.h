#pragma once

#include <algorithm>
#include <cstdint>

#include "common/data/synth/draws.h"
#include "common/types.h"

namespace attune::synth {

/// Times of interactions: whole seconds, strictly increasing within a user, evenly spread over 365 days from
/// the start of 2020 on. (A user with more interactions than that has seconds gets one a second.)
class Times {
 public:
  explicit Times(std::uint64_t seed) : stream_(StreamOf(seed, Draw::kTime)) {}

  /// Seconds since 1970 of a user's interaction `at` of `rows`, oldest first.
  std::int64_t Seconds(Index user, std::uint32_t rows, std::uint32_t at) const {
    const std::uint32_t room = std::max<std::uint32_t>(1, kSpan / rows);
    const std::uint64_t within = std::uint64_t{stream_(user, at)[0]} * room >> 32;
    return kStart + static_cast<std::int64_t>(std::uint64_t{at} * room + within);
  }

 private:
  static constexpr std::int64_t kStart = 1'577'836'800;  ///< 2020-01-01T00:00:00Z
  static constexpr std::uint32_t kSpan = 365 * 86'400;

  random::Stream stream_;
};

}  // namespace attune::synth
