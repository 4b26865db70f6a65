#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "launch/study/method.h"

namespace attune::launch {

/// One change of the grid: for one method, or for all that have the setting.
struct Variation {
  std::string method;  ///< empty: all
  Axis axis;
};

/// Parses "lr=0.05,0.1; bpr.l2=0,0.01" and checks names and values against the settings of `attune train`.
/// Throws Error(kUsage) with the nearest known name; also for a setting that the study sets itself, one that
/// makes a method what it is, and a name or a value that is given twice, however the value is written.
std::vector<Variation> ParseVariations(const std::string& text);

/// Number of points of a grid; no more than `most` + 1 is counted.
std::uint64_t CountPoints(const std::vector<Axis>& axes, std::uint64_t most);

/// `trials` points of the grid, all different: the first is that of all first values, the others are drawn
/// without regard to anything but the grid, so that every D and every study tries the same. All points if
/// there are no more.
std::vector<std::vector<SettingText>> DrawTrials(const std::vector<Axis>& axes, std::uint32_t trials);

}  // namespace attune::launch
