#pragma once

#include <cstdint>

namespace attune::launch {

/// Greatest resident size of this process so far (VmHWM), mapped files included; 0 where the system does not
/// say.
std::uint64_t PeakMemoryBytes();

/// Memory that this process has for itself now: neither shared nor of files.
std::uint64_t PrivateMemoryBytes();

/// Memory that a memfd or file takes now; 0 without one.
std::uint64_t FileMemoryBytes(int fd);

}  // namespace attune::launch
