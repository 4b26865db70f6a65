#pragma once

#include <string>

namespace attune::launch {

/// Colour of a share of attention relative to an equal share, β M: from dark violet (0) to light yellow (the
/// greatest value of the page), as in matplotlib's inferno, in steps of equal lightness.
class HeatScale {
 public:
  /// @param greatest  greatest β M of the page; nearly equal attention is not blown up: at least 2 is taken
  explicit HeatScale(double greatest) : greatest_(greatest < 2 ? 2 : greatest) {}

  double greatest() const { return greatest_; }
  /// "#bc3754"
  std::string Colour(double relative) const;
  /// CSS: the scale from 0 to greatest().
  static std::string Gradient();

 private:
  double greatest_;
};

}  // namespace attune::launch
