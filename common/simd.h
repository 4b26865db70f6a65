#pragma once

#include <cstddef>
#include <cstring>

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

/// Sum of the lanes, pairwise.
inline float Sum(Vector v) {
  float lanes[kLanes];
  std::memcpy(lanes, &v, sizeof(v));
  for (std::size_t half = kLanes / 2; half > 0; half /= 2) {
    for (std::size_t n = 0; n < half; ++n) lanes[n] += lanes[n + half];
  }
  return lanes[0];
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
