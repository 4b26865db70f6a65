#include "common/half.h"

#include <Eigen/Core>

#ifdef __F16C__
#include <immintrin.h>
#endif

namespace attune {

float HalfToFloat(std::uint16_t half) {
  return static_cast<float>(Eigen::numext::bit_cast<Eigen::half>(half));
}

std::uint16_t FloatToHalf(float value) {
  return Eigen::numext::bit_cast<std::uint16_t>(static_cast<Eigen::half>(value));
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
