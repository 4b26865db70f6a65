#include "launch/predict/quantity.h"

#include <charconv>
#include <cmath>
#include <limits>
#include <string_view>
#include <utility>

#include "common/error.h"

namespace attune::predict {
namespace {

/// A number and what stands behind it. Not a number if there is none.
std::pair<double, std::string_view> Split(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return {std::numeric_limits<double>::quiet_NaN(), {}};
  return {number, text.substr(static_cast<std::size_t>(end - text.data()))};
}

}  // namespace

double ParseBandwidth(const std::string& text) {
  if (text == "infinite") return std::numeric_limits<double>::infinity();
  constexpr std::pair<std::string_view, double> kUnits[] = {{"Gbit", 1e9}, {"Mbit", 1e6},   {"gbit", 1e9},
                                                            {"mbit", 1e6}, {"Gbit/s", 1e9}, {"Mbit/s", 1e6}};
  const auto [number, unit] = Split(text);
  for (const auto& [name, bits] : kUnits) {
    if (unit == name && number >= 1e-3 && number <= 1e6) return number * bits / 8;
  }
  ThrowUsage("--bandwidth {}: expected a rate like 25Gbit or 800Mbit, or 'infinite'", text);
}

double ParseLatency(const std::string& text) {
  constexpr std::pair<std::string_view, double> kUnits[] = {{"us", 1e-6}, {"ms", 1e-3}, {"s", 1}};
  const auto [number, unit] = Split(text);
  if (number == 0 && unit.empty()) return 0;
  for (const auto& [name, seconds] : kUnits) {
    if (unit == name && number >= 0 && number * seconds <= 10) return number * seconds;
  }
  ThrowUsage("--latency {}: expected a time of at most 10 s, like 50us or 10ms", text);
}

}  // namespace attune::predict
