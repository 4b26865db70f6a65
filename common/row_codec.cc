#include "common/row_codec.h"

#include <bit>
#include <cmath>
#include <cstring>

namespace attune {
namespace {

std::uint16_t ToBf16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if (std::isnan(value)) return static_cast<std::uint16_t>((bits >> 16) | 0x40);
  return static_cast<std::uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

}  // namespace

void EncodeNumbers(const float* from, std::size_t count, bool bf16, std::byte* to) {
  if (!bf16) {
    std::memcpy(to, from, count * sizeof(float));
    return;
  }
  for (std::size_t n = 0; n < count; ++n) {
    const std::uint16_t half = ToBf16(from[n]);
    std::memcpy(to + n * sizeof half, &half, sizeof half);
  }
}

void DecodeNumbers(const std::byte* from, std::size_t count, bool bf16, float* to) {
  if (!bf16) {
    std::memcpy(to, from, count * sizeof(float));
    return;
  }
  for (std::size_t n = 0; n < count; ++n) {
    std::uint16_t half;
    std::memcpy(&half, from + n * sizeof half, sizeof half);
    to[n] = std::bit_cast<float>(std::uint32_t{half} << 16);
  }
}

}  // namespace attune
