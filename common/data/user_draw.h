#pragma once

#include <cstdint>

namespace attune::data {

/// What a draw is for. Values are part of the definition of a data set: never renumber.
enum class DrawPurpose : std::uint32_t { kSampleUsers = 1, kTest = 2, kValidation = 3 };

/// 64 uniform bits for a user: a pure function of its arguments (Philox4x32-10), so that it does not depend
/// on the order in which users are visited.
std::uint64_t UserDraw(std::uint64_t seed, DrawPurpose purpose, std::uint32_t user);

/// Maps a draw to [0, n), n > 0; the bias is below n / 2^64.
inline std::uint64_t DrawBelow(std::uint64_t draw, std::uint64_t n) {
  __extension__ using Wide = unsigned __int128;
  return static_cast<std::uint64_t>(static_cast<Wide>(draw) * n >> 64);
}

}  // namespace attune::data
