#pragma once

#include <fmt/core.h>

#include <string>

/// Numbers of an explanation for people.
namespace attune::launch {

/// "+0.1234"; what rounds to zero has no sign.
inline std::string Signed(double value) {
  const std::string text = fmt::format("{:+.4f}", value);
  return text == "+0.0000" || text == "-0.0000" ? "0.0000" : text;
}

/// "4.2 %"
inline std::string Percent(double share) {
  return fmt::format("{:.1f} %", 100 * share);
}

/// "1 item", "5 items"
inline std::string Counted(std::size_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

}  // namespace attune::launch
