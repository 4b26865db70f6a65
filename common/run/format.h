#pragma once

#include <cstdint>
#include <string>

/// Numbers for people: three significant digits and a unit. Machines get the numbers themselves.
namespace attune {

/// "4 ms", "12 s", "3 min 5 s", "2 h 7 min", "3 d 4 h". Negative and non-finite values are "?".
std::string FormatDuration(double seconds);

/// "999", "1.23 M"; suffixes k, M, G and T of 1000. Non-finite values are "?".
std::string FormatCount(double count);

/// "512 B", "1.2 GiB"; powers of 1024.
std::string FormatBytes(std::uint64_t bytes);

}  // namespace attune
