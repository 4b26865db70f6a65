#include "launch/checkpoint/interval.h"

#include <charconv>
#include <cmath>
#include <string_view>

#include "common/error.h"

namespace attune::launch {

Interval ParseInterval(const std::string& text, const char* flag) {
  constexpr double kLongest = 1e9;  // seconds: thirty years
  if (text == "never") return {};
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  const bool well = error == std::errc() && number > 0 && number <= kLongest;
  if (well && unit == "s") return {std::chrono::duration<double>(number), 0};
  if (well && unit == "min") return {std::chrono::duration<double>(60 * number), 0};
  if (well && unit == "h") return {std::chrono::duration<double>(3600 * number), 0};
  if (well && (unit == "epochs" || unit == "epoch") && number == std::floor(number)) {
    return {{}, static_cast<std::uint32_t>(number)};
  }
  ThrowUsage("{} = '{}': expected a time (90s, 10min, 2h), a whole number of epochs (3epochs), or never",
             flag, text);
}

}  // namespace attune::launch
