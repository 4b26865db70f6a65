#include "common/half.h"

#include <bit>
#include <cmath>

#ifdef __F16C__
#include <immintrin.h>
#endif

namespace attune {

float HalfToFloat(std::uint16_t half) {
  const std::uint32_t sign = (half & 0x8000u) << 16;
  const std::uint32_t exponent = (half >> 10) & 0x1fu;
  const std::uint32_t fraction = half & 0x3ffu;
  if (exponent == 0) {  // zero or subnormal
    const float magnitude = std::ldexp(static_cast<float>(fraction), -24);
    return sign != 0 ? -magnitude : magnitude;
  }
  const std::uint32_t wide = exponent == 0x1f ? 0xffu : exponent + (127 - 15);
  return std::bit_cast<float>(sign | wide << 23 | fraction << 13);
}

std::uint16_t FloatToHalf(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t sign = bits >> 16 & 0x8000u;
  const std::uint32_t magnitude = bits & 0x7fffffffu;
  if (magnitude > 0x7f800000u) return static_cast<std::uint16_t>(sign | 0x7e00u);   // not a number
  if (magnitude >= 0x477ff000u) return static_cast<std::uint16_t>(sign | 0x7c00u);  // rounds to infinity
  if (magnitude < 0x38800000u) {                                                    // subnormal or zero
    const float scaled = std::ldexp(std::bit_cast<float>(magnitude), 24);
    return static_cast<std::uint16_t>(sign | static_cast<std::uint32_t>(std::nearbyint(scaled)));
  }
  const std::uint32_t rounded = magnitude + 0xfffu + (magnitude >> 13 & 1u);
  return static_cast<std::uint16_t>(sign | (rounded - (112u << 23)) >> 13);
}

void HalfToFloat(const std::uint16_t* from, float* to, std::size_t count) {
  std::size_t n = 0;
#if defined(__AVX512F__)
  for (; n + 16 <= count; n += 16) {
    const __m256i half = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from + n));
    _mm512_storeu_ps(to + n, _mm512_cvtph_ps(half));
  }
#endif
#ifdef __F16C__
  for (; n + 8 <= count; n += 8) {
    const __m128i half = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + n));
    _mm256_storeu_ps(to + n, _mm256_cvtph_ps(half));
  }
#endif
  for (; n < count; ++n) to[n] = HalfToFloat(from[n]);
}

void FloatToHalf(const float* from, std::uint16_t* to, std::size_t count) {
  std::size_t n = 0;
#ifdef __F16C__
  for (; n + 8 <= count; n += 8) {
    const __m128i half =
        _mm256_cvtps_ph(_mm256_loadu_ps(from + n), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to + n), half);
  }
#endif
  for (; n < count; ++n) to[n] = FloatToHalf(from[n]);
}

}  // namespace attune
