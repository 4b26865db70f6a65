#pragma once

#include <charconv>
#include <string>
#include <string_view>
#include <utility>

#include "common/error.h"

namespace attune::launch {

/// Two whole numbers with an x between them, each 1..most: "7x7". Throws Error(kUsage) naming `flag`.
inline std::pair<unsigned, unsigned> ParsePair(const char* flag, const std::string& text, unsigned most) {
  const auto parse = [&](std::string_view part) {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), value);
    if (error != std::errc() || end != part.data() + part.size() || value < 1 || value > most)
      ThrowUsage("{} '{}': expected two whole numbers of 1 to {}, like 7x7", flag, text, most);
    return value;
  };
  const std::size_t cross = text.find('x');
  if (cross == std::string::npos) return {parse(text), parse({})};
  return {parse(std::string_view(text).substr(0, cross)), parse(std::string_view(text).substr(cross + 1))};
}

}  // namespace attune::launch
