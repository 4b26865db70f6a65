#include "launch/page/chart_scale.h"

#include <algorithm>
#include <cmath>

namespace attune::launch {
namespace {

/// The least of 1, 2 and 5 times a power of ten that is no less than `step`.
double RoundStep(double step) {
  const double power = std::pow(10, std::floor(std::log10(step)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= step * (1 - 1e-9)) return factor * power;
  }
  return 10 * power;
}

}  // namespace

ChartScale ChartScale::Linear(double low, double high, int most_ticks) {
  // Closer together than numbers of this size can be told apart, ticks would not rise.
  constexpr double kApart = 1e-9;
  if (!(high - low > kApart * std::max(std::abs(low), std::abs(high)))) {
    // One value: some room on both sides of it.
    const double room = low == 0 ? 1 : std::abs(low) / 10;
    low -= room;
    high = low + 2 * room;
  }
  const double step = RoundStep((high - low) / most_ticks);
  const double first = std::floor(low / step + 1e-9);
  const double last = std::ceil(high / step - 1e-9);
  ChartScale scale(first * step, last * step, false);
  for (double tick = first; tick <= last; ++tick) scale.ticks_.push_back(tick * step);
  return scale;
}

ChartScale ChartScale::Logarithmic(double low, double high) {
  const double first = std::floor(std::log10(low) + 1e-9);
  const double last = std::max(first + 1, std::ceil(std::log10(high) - 1e-9));
  ChartScale scale(std::pow(10, first), std::pow(10, last), true);
  for (double power = first; power <= last; ++power) scale.ticks_.push_back(std::pow(10, power));
  return scale;
}

int ChartScale::decimals() const {
  return std::max(0, static_cast<int>(-std::floor(std::log10(ticks_[1] - ticks_[0]) + 1e-9)));
}

double ChartScale::At(double value) const {
  const auto share = [](double part, double whole) { return std::clamp(part / whole, 0.0, 1.0); };
  if (!log_) return share(value - low_, high_ - low_);
  return value <= low_ ? 0 : share(std::log(value / low_), std::log(high_ / low_));
}

}  // namespace attune::launch
