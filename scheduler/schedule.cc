#include "scheduler/schedule.h"

#include <cmath>
#include <numbers>

namespace attune::scheduler {

double ScheduleFactor(Schedule schedule, std::uint32_t epoch, std::uint32_t epochs, double final_share) {
  if (epochs <= 1) return 1.0;
  const double done = static_cast<double>(epoch - 1) / static_cast<double>(epochs - 1);
  switch (schedule) {
    case Schedule::kConstant:
      return 1.0;
    case Schedule::kLinear:
      return 1.0 - done * (1.0 - final_share);
    case Schedule::kCosine:
      return final_share + (1.0 - final_share) * 0.5 * (1.0 + std::cos(std::numbers::pi * done));
    case Schedule::kExponential:
      return std::pow(final_share, done);
  }
  return 1.0;
}

}  // namespace attune::scheduler
