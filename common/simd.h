#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#ifdef __AVX512F__
#include <immintrin.h>
#endif

/// Sixteen floats at a time, in portable vector code: one AVX-512 register, two of AVX2, four of SSE.
/// Rows are padded to whole vectors with zeros, so loops have no remainder; the order of every sum is fixed
/// by this code and not by the compiler.
namespace attune::simd {

inline constexpr std::size_t kLanes = 16;
inline constexpr std::size_t kAlignment = 64;  ///< bytes of a vector and of a cache line

using Vector [[gnu::vector_size(64)]] = float;

/// The least multiple of kLanes that holds `count` floats.
constexpr std::size_t Padded(std::size_t count) {
  return (count + kLanes - 1) / kLanes * kLanes;
}

inline Vector Load(const float* from) {
  Vector v;
  std::memcpy(&v, from, sizeof(v));
  return v;
}

inline void Store(float* to, Vector v) {
  std::memcpy(to, &v, sizeof(v));
}

inline Vector Broadcast(float x) {
  return Vector{} + x;
}

/// a b + c, rounded as the compiler rounds it in vector code: once where the processor has fused
/// multiply-add.
inline float MultiplyAdd(float a, float b, float c) {
#if defined(__FP_FAST_FMAF) || defined(__FMA__)
  return __builtin_fmaf(a, b, c);
#else
  return a * b + c;
#endif
}

/// Elementwise max(v, 0).
inline Vector Relu(Vector v) {
  return v > 0 ? v : Vector{};
}

/// One bit for each lane, lane 0 lowest.
using LaneMask = std::uint16_t;

/// Lanes greater than zero.
inline LaneMask PositiveLanes(Vector v) {
#ifdef __AVX512F__
  __m512 lanes;
  std::memcpy(&lanes, &v, sizeof(v));
  return _mm512_cmp_ps_mask(lanes, _mm512_setzero_ps(), _CMP_GT_OQ);
#else
  LaneMask mask = 0;
  for (std::size_t n = 0; n < kLanes; ++n) mask = static_cast<LaneMask>(mask | (v[n] > 0) << n);
  return mask;
#endif
}

/// Whether any number of a vector is not zero, for vectors that were added up with |=.
using Bits [[gnu::vector_size(64)]] = std::int32_t;
inline bool Any(Bits bits) {
  std::int64_t words[8];
  std::memcpy(words, &bits, sizeof words);
  return ((words[0] | words[1]) | (words[2] | words[3]) | (words[4] | words[5]) | (words[6] | words[7])) != 0;
}

/// sum + addend in the lanes of the mask, sum elsewhere.
inline Vector AddWhere(LaneMask mask, Vector sum, Vector addend) {
#ifdef __AVX512F__
  __m512 a, b;
  std::memcpy(&a, &sum, sizeof(a));
  std::memcpy(&b, &addend, sizeof(b));
  a = _mm512_mask_add_ps(a, mask, a, b);
  std::memcpy(&sum, &a, sizeof(a));
#else
  for (std::size_t n = 0; n < kLanes; ++n) {
    if (mask >> n & 1) sum[n] += addend[n];
  }
#endif
  return sum;
}

/// Sum of the lanes, pairwise: lane n and lane n + 8, then n and n + 4, …
inline float Sum(Vector v) {
  using Half [[gnu::vector_size(32)]] = float;
  using Quarter [[gnu::vector_size(16)]] = float;
  Half low, high;
  std::memcpy(&low, &v, sizeof(low));
  std::memcpy(&high, reinterpret_cast<const char*>(&v) + sizeof(low), sizeof(high));
  low += high;
  Quarter first, second;
  std::memcpy(&first, &low, sizeof(first));
  std::memcpy(&second, reinterpret_cast<const char*>(&low) + sizeof(first), sizeof(second));
  first += second;
  return (first[0] + first[2]) + (first[1] + first[3]);
}

/// a . b over `padded` floats (a multiple of kLanes).
inline float Dot(const float* a, const float* b, std::size_t padded) {
  Vector sum{};
  for (std::size_t c = 0; c < padded; c += kLanes) sum += Load(a + c) * Load(b + c);
  return Sum(sum);
}

/// y += factor * x over `padded` floats.
inline void AddScaled(float* y, float factor, const float* x, std::size_t padded) {
  for (std::size_t c = 0; c < padded; c += kLanes) Store(y + c, Load(y + c) + factor * Load(x + c));
}

}  // namespace attune::simd
