#pragma once

#include <cstdint>

namespace attune::launch {

/// Greatest resident size of this process so far (VmHWM), mapped files included; 0 where the system does not
/// say.
std::uint64_t PeakMemoryBytes();

}  // namespace attune::launch
