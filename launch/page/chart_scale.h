#pragma once

#include <vector>

namespace attune::launch {

/// Maps values to a length and says where ticks stand.
/// Threads: immutable after construction.
class ChartScale {
 public:
  /// A linear scale over [low, high] with round ticks, widened to the ticks around it.
  static ChartScale Linear(double low, double high, int most_ticks);
  /// A logarithmic scale over the powers of ten around [low, high], 0 < low.
  static ChartScale Logarithmic(double low, double high);

  /// Position of a value, 0 at the low end and 1 at the high end; values beyond are put to the ends.
  double At(double value) const;
  const std::vector<double>& ticks() const { return ticks_; }
  /// Digits after the point that all ticks of a linear scale need.
  int decimals() const;
  bool logarithmic() const { return log_; }

 private:
  ChartScale(double low, double high, bool logarithmic) : low_(low), high_(high), log_(logarithmic) {}

  double low_;
  double high_;
  bool log_;
  std::vector<double> ticks_;
};

}  // namespace attune::launch
