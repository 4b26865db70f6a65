#pragma once

#include <cstdint>

#include "common/types.h"

namespace attune::data {

/// Where an interaction goes.
enum class Part : std::uint8_t { kTrain = 0, kValidation = 1, kTest = 2 };
inline constexpr std::size_t kParts = 3;

/// One line of a log after its ids were numbered: the record that is spilled and sorted.
struct Interaction {
  Index user;               ///< number of the user in the interner
  Index item;               ///< number of the item in the interner
  std::int64_t time_us;     ///< microseconds since 1970, 0 where the log has no times
  std::uint64_t position;   ///< orders lines as they were read: see PositionOf
  std::uint64_t time_text;  ///< where the log's own text of the time is kept; 0 if it is the whole seconds
};
static_assert(sizeof(Interaction) == 32);

/// Position of a line: the number of its file, then its line.
inline constexpr int kLineBits = 40;
constexpr std::uint64_t PositionOf(std::uint64_t file, std::uint64_t line) {
  return file << kLineBits | line;
}
constexpr std::uint64_t FileOf(std::uint64_t position) {
  return position >> kLineBits;
}
constexpr std::uint64_t LineOf(std::uint64_t position) {
  return position & ((std::uint64_t{1} << kLineBits) - 1);
}

}  // namespace attune::data
