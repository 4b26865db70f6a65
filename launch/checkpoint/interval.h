#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace attune::launch {

/// How often something is done: by time or by epochs; never if both are 0.
struct Interval {
  std::chrono::duration<double> time{0};
  std::uint32_t epochs = 0;
};

/// "90s", "10min", "2h", "3epochs", "never". Throws Error(kUsage) that names `flag` for anything else.
Interval ParseInterval(const std::string& text, const char* flag);

}  // namespace attune::launch
