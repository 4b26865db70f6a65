#include "common/data/timestamp.h"

#include <fmt/core.h>

#include <array>
#include <charconv>
#include <cmath>

namespace attune::data {
namespace {

constexpr std::int64_t kMicro = 1'000'000;
constexpr std::int64_t kDaySeconds = 86'400;

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

/// Reads a text from left to right; every method consumes what it accepts.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : rest_(text) {}

  bool done() const { return rest_.empty(); }
  char peek() const { return rest_.empty() ? '\0' : rest_.front(); }
  bool Take(char c) {
    if (peek() != c || rest_.empty()) return false;
    rest_.remove_prefix(1);
    return true;
  }

  /// Exactly `digits` digits with a value in [min, max].
  std::optional<int> Number(std::size_t digits, int min, int max) {
    if (rest_.size() < digits) return std::nullopt;
    int value = 0;
    for (const char c : rest_.substr(0, digits)) {
      if (!IsDigit(c)) return std::nullopt;
      value = value * 10 + (c - '0');
    }
    if (value < min || value > max) return std::nullopt;
    rest_.remove_prefix(digits);
    return value;
  }

  /// The digits of a fraction as microseconds; `exact` is cleared if digits that count were cut off.
  std::optional<std::int64_t> Fraction(bool* exact) {
    if (!IsDigit(peek())) return std::nullopt;
    std::int64_t value = 0;
    std::int64_t scale = kMicro;
    for (; IsDigit(peek()); rest_.remove_prefix(1)) {
      scale /= 10;
      value += (rest_.front() - '0') * scale;
      if (scale == 0 && rest_.front() != '0') *exact = false;
    }
    return value;
  }

 private:
  std::string_view rest_;
};

bool IsLeap(int year) {
  return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

int DaysIn(int year, int month) {
  constexpr std::array kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return kDays[static_cast<std::size_t>(month - 1)] + (month == 2 && IsLeap(year) ? 1 : 0);
}

std::int64_t DaysBeforeYear(int year) {
  const std::int64_t y = year - 1;
  return y * 365 + y / 4 - y / 100 + y / 400;
}

/// Days from 1970-01-01 to a date of the years 1 to 9999.
std::int64_t DaysSinceEpoch(int year, int month, int day) {
  std::int64_t days = DaysBeforeYear(year) - DaysBeforeYear(1970) + day - 1;
  for (int m = 1; m < month; ++m) days += DaysIn(year, m);
  return days;
}

/// "Z", "+02:00", "-0530", "+02" or nothing: seconds to take away for UTC.
std::optional<int> Offset(Cursor& cursor) {
  if (cursor.done() || cursor.Take('Z') || cursor.Take('z')) return 0;
  const int sign = cursor.Take('+') ? 1 : cursor.Take('-') ? -1 : 0;
  const auto hours = cursor.Number(2, 0, 23);
  if (sign == 0 || !hours) return std::nullopt;
  if (cursor.done()) return sign * *hours * 3600;
  cursor.Take(':');
  const auto minutes = cursor.Number(2, 0, 59);
  if (!minutes) return std::nullopt;
  return sign * (*hours * 3600 + *minutes * 60);
}

/// hh:mm[:ss[.fraction]] with its offset, in microseconds since midnight UTC.
std::optional<std::int64_t> TimeOfDay(Cursor& cursor) {
  const auto hour = cursor.Number(2, 0, 23);
  if (!hour || !cursor.Take(':')) return std::nullopt;
  const auto minute = cursor.Number(2, 0, 59);
  if (!minute) return std::nullopt;
  std::int64_t us = (std::int64_t{*hour} * 3600 + *minute * 60) * kMicro;
  if (cursor.Take(':')) {
    const auto second = cursor.Number(2, 0, 60);
    if (!second) return std::nullopt;
    us += *second * kMicro;
    if (cursor.Take('.') || cursor.Take(',')) {
      bool exact = true;
      const auto fraction = cursor.Fraction(&exact);
      if (!fraction) return std::nullopt;
      us += *fraction;
    }
  }
  const auto offset = Offset(cursor);
  if (!offset) return std::nullopt;
  return us - *offset * kMicro;
}

std::optional<Timestamp> ParseIso(std::string_view text) {
  Cursor cursor(text);
  const auto year = cursor.Number(4, 1, 9999);
  if (!year || !cursor.Take('-')) return std::nullopt;
  const auto month = cursor.Number(2, 1, 12);
  if (!month || !cursor.Take('-')) return std::nullopt;
  const auto day = cursor.Number(2, 1, DaysIn(*year, *month));
  if (!day) return std::nullopt;
  std::int64_t us = DaysSinceEpoch(*year, *month, *day) * kDaySeconds * kMicro;
  if (cursor.Take('T') || cursor.Take('t') || cursor.Take(' ')) {
    const auto time = TimeOfDay(cursor);
    if (!time) return std::nullopt;
    us += *time;
  }
  if (!cursor.done()) return std::nullopt;
  return Timestamp{us, false};
}

/// Seconds with an exponent, as some programs write large numbers: 1.2623e9.
std::optional<Timestamp> ParseScientific(std::string_view text) {
  double seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || end != text.data() + text.size() || !(std::abs(seconds) < 9e12))
    return std::nullopt;
  return Timestamp{static_cast<std::int64_t>(std::floor(seconds * 1e6)), false};
}

std::optional<Timestamp> ParseSeconds(std::string_view text) {
  std::string_view unsigned_text = text;
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) unsigned_text.remove_prefix(1);
  std::uint64_t seconds = 0;
  const char* const last = unsigned_text.data() + unsigned_text.size();
  const auto [end, error] = std::from_chars(unsigned_text.data(), last, seconds);
  if (error != std::errc() || seconds > 9'000'000'000'000) return std::nullopt;
  std::int64_t us = static_cast<std::int64_t>(seconds) * kMicro;
  if (end == last) {
    const bool leading_zero = unsigned_text.size() > 1 && unsigned_text.front() == '0';
    const bool minus_zero = negative && seconds == 0;
    const bool canonical = !text.starts_with('+') && !leading_zero && !minus_zero;
    return Timestamp{negative ? -us : us, canonical};
  }
  bool exact = true;
  Cursor cursor(std::string_view(end, static_cast<std::size_t>(last - end)));
  if (cursor.Take('.')) {
    const auto fraction = cursor.done() ? 0 : cursor.Fraction(&exact);
    if (!fraction) return std::nullopt;
    us += *fraction;
  }
  if (!cursor.done()) return ParseScientific(text);
  return Timestamp{negative ? -us - (exact ? 0 : 1) : us, false};
}

}  // namespace

std::optional<Timestamp> ParseTimestamp(std::string_view text) {
  const bool dashed = text.size() >= 10 && text[4] == '-' && text[7] == '-';
  return dashed ? ParseIso(text) : ParseSeconds(text);
}

std::string FormatTimestamp(std::int64_t us) {
  std::int64_t seconds = us / kMicro - (us % kMicro < 0 ? 1 : 0);
  const std::int64_t fraction = us - seconds * kMicro;
  std::int64_t days = seconds / kDaySeconds - (seconds % kDaySeconds < 0 ? 1 : 0);
  seconds -= days * kDaySeconds;
  int year = static_cast<int>(1970 + days / 366);
  if (days < 0 || days > DaysSinceEpoch(9999, 12, 31))
    return fmt::format("{:.6f}", static_cast<double>(us) / 1e6);
  while (DaysSinceEpoch(year + 1, 1, 1) <= days) ++year;
  days -= DaysSinceEpoch(year, 1, 1);
  int month = 1;
  for (; days >= DaysIn(year, month); ++month) days -= DaysIn(year, month);
  std::string text = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", year, month, days + 1, seconds / 3600,
                                 seconds / 60 % 60, seconds % 60);
  if (fraction != 0) {
    text += fmt::format(".{:06}", fraction);
    text.erase(text.find_last_not_of('0') + 1);
  }
  return text + "Z";
}

}  // namespace attune::data
