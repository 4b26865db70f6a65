#include "launch/explain/heat.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace attune::launch {
namespace {

using Rgb = std::array<double, 3>;

/// Five colours that a colour-blind eye, too, sees getting lighter.
constexpr std::array<Rgb, 5> kStops = {
    {{0, 0, 4}, {87, 16, 110}, {188, 55, 84}, {249, 142, 9}, {252, 255, 164}}};

std::string Hex(const Rgb& rgb) {
  return fmt::format("#{:02x}{:02x}{:02x}", std::lround(rgb[0]), std::lround(rgb[1]), std::lround(rgb[2]));
}

}  // namespace

std::string HeatScale::Colour(double relative) const {
  const double at = std::clamp(relative / greatest_, 0.0, 1.0) * (kStops.size() - 1);
  const auto below = std::min(static_cast<std::size_t>(at), kStops.size() - 2);
  const double part = at - static_cast<double>(below);
  Rgb rgb;
  for (std::size_t c = 0; c < rgb.size(); ++c) {
    rgb[c] = (1 - part) * kStops[below][c] + part * kStops[below + 1][c];
  }
  return Hex(rgb);
}

std::string HeatScale::Gradient() {
  std::string text = "linear-gradient(90deg";
  for (const Rgb& stop : kStops) text += ", " + Hex(stop);
  return text + ")";
}

}  // namespace attune::launch
