#pragma once

#include <cstddef>
#include <cstdint>

/// IEEE 754 binary16 ("f16") as bits, converted to and from floats: arrays with the processor's
/// instructions where it has them (F16C, AVX-512), with the same results.
namespace attune {

/// Exact.
float HalfToFloat(std::uint16_t half);
/// Rounds to nearest even; beyond the range of f16 gives infinity.
std::uint16_t FloatToHalf(float value);

/// The same for arrays of any length.
void HalfToFloat(const std::uint16_t* from, float* to, std::size_t count);
void FloatToHalf(const float* from, std::uint16_t* to, std::size_t count);

}  // namespace attune
