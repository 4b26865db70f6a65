#include "common/run/format.h"

#include <fmt/core.h>

#include <array>
#include <cmath>

namespace attune {
namespace {

/// Three significant digits of a value in [0, 1000).
std::string ThreeDigits(double value) {
  if (value < 9.995) return fmt::format("{:.2f}", value);
  if (value < 99.95) return fmt::format("{:.1f}", value);
  return fmt::format("{:.0f}", value);
}

std::string TwoUnits(std::uint64_t small, std::uint64_t per_large, const char* large_unit,
                     const char* small_unit) {
  const std::uint64_t rest = small % per_large;
  if (rest == 0) return fmt::format("{} {}", small / per_large, large_unit);
  return fmt::format("{} {} {} {}", small / per_large, large_unit, rest, small_unit);
}

}  // namespace

std::string FormatDuration(double seconds) {
  constexpr double kLongest = 1e15;
  if (!std::isfinite(seconds) || seconds < 0 || seconds > kLongest) return "?";
  if (seconds < 0.9995) return fmt::format("{:.0f} ms", seconds * 1000);
  const auto whole = static_cast<std::uint64_t>(std::llround(seconds));
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return TwoUnits(whole, 60, "min", "s");
  const std::uint64_t minutes = (whole + 30) / 60;
  if (minutes < 24 * 60) return TwoUnits(minutes, 60, "h", "min");
  return TwoUnits((minutes + 30) / 60, 24, "d", "h");
}

std::string FormatCount(double count) {
  if (!std::isfinite(count)) return "?";
  if (count < 0) return "-" + FormatCount(-count);
  if (count < 999.5) {
    return count == std::floor(count) ? fmt::format("{:.0f}", count) : ThreeDigits(count);
  }
  constexpr std::array<const char*, 4> kSuffixes{"k", "M", "G", "T"};
  std::size_t suffix = 0;
  for (count /= 1000; count >= 999.5 && suffix + 1 < kSuffixes.size(); ++suffix) count /= 1000;
  return ThreeDigits(count) + " " + kSuffixes[suffix];
}

std::string FormatBytes(std::uint64_t bytes) {
  if (bytes < 1024) return fmt::format("{} B", bytes);
  constexpr std::array<const char*, 6> kUnits{"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  double value = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  for (; value >= 1023.95 && unit + 1 < kUnits.size(); ++unit) value /= 1024;
  return fmt::format("{:.1f} {}", value, kUnits[unit]);
}

}  // namespace attune
