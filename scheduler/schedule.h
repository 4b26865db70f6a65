#pragma once

#include <cstdint>

namespace attune::scheduler {

enum class Schedule { kConstant, kLinear, kCosine, kExponential };

/// Factor on the learning rates in `epoch` (from 1) of `epochs`: 1 in the first, `final_share` in the last.
/// @param final_share  in [0, 1], above 0 for kExponential; ignored by kConstant
double ScheduleFactor(Schedule schedule, std::uint32_t epoch, std::uint32_t epochs, double final_share);

}  // namespace attune::scheduler
