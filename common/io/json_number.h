#pragma once

#include <concepts>
#include <cstdint>
#include <utility>

namespace attune::io {

/// A whole number as it is written. JSON's own conversion makes something of fractions, and of numbers that
/// do not fit. Throws json::exception if it is no whole number of this type.
/// @param number  nlohmann::json or ordered_json
template <std::integral T, typename Json>
T WholeNumber(const Json& number) {
  if (number.is_number_unsigned()) {
    const auto value = number.template get<std::uint64_t>();
    if (std::in_range<T>(value)) return static_cast<T>(value);
  } else if (number.is_number_integer()) {
    const auto value = number.template get<std::int64_t>();
    if (std::in_range<T>(value)) return static_cast<T>(value);
  }
  throw Json::other_error::create(501, "no whole number that fits", &number);
}

}  // namespace attune::io
