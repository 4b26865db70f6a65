#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace attune::data {

/// A point in time as it stood in a log.
struct Timestamp {
  std::int64_t us = 0;            ///< microseconds since 1970-01-01T00:00:00Z
  bool canonical_seconds = true;  ///< whether the text is exactly std::to_string(us / 1'000'000)
};

/// What ParseTimestamp accepts, for error texts.
inline constexpr const char* kTimestampGrammar =
    "seconds since 1970 (1262304000 or 1262304000.25) or ISO 8601 (2010-01-01, 2010-01-01T12:30:00.25Z, "
    "2010-01-01 12:30:00+02:00)";

/// Parses seconds since 1970, whole or decimal, or an ISO 8601 date or date-time. A date is its first moment;
/// a date-time without offset is UTC; 24:00 is not a time, second 60 is the next minute. What lies below a
/// microsecond is cut off towards the past. None if the text is nothing of these or does not fit 64 bits.
std::optional<Timestamp> ParseTimestamp(std::string_view text);

/// "2010-01-01T12:30:00.25Z" for people to read; whole seconds without fraction.
std::string FormatTimestamp(std::int64_t us);

}  // namespace attune::data
