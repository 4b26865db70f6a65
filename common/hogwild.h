#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "common/half.h"
#include "common/simd.h"

/// Races on purpose (Hogwild): worker threads read and write table rows without locks, and may lose each
/// other's addends or see half of one. That costs convergence speed, never memory safety: rows are neither
/// moved nor freed while workers run. All of it goes through these functions; everything else is free of data
/// races.
namespace attune {

#ifdef ATTUNE_HOGWILD_ATOMICS
inline constexpr bool kRelaxedAtomics =
    true;  ///< thread-sanitizer builds: several times slower, no race reported
#else
inline constexpr bool kRelaxedAtomics =
    false;  ///< plain vector loads and stores; formally a data race in ISO C++
#endif

inline float RacyLoad(const float* from) {
  if constexpr (kRelaxedAtomics) {
    return std::atomic_ref<float>(*const_cast<float*>(from)).load(std::memory_order_relaxed);
  } else {
    return *from;
  }
}

inline void RacyStore(float* to, float value) {
  if constexpr (kRelaxedAtomics) {
    std::atomic_ref<float>(*to).store(value, std::memory_order_relaxed);
  } else {
    *to = value;
  }
}

inline simd::Vector RacyLoadVector(const float* from) {
  if constexpr (kRelaxedAtomics) {
    simd::Vector v{};
    for (std::size_t n = 0; n < simd::kLanes; ++n) v[n] = RacyLoad(from + n);
    return v;
  } else {
    return simd::Load(from);
  }
}

inline void RacyStoreVector(float* to, simd::Vector v) {
  if constexpr (kRelaxedAtomics) {
    for (std::size_t n = 0; n < simd::kLanes; ++n) RacyStore(to + n, v[n]);
  } else {
    simd::Store(to, v);
  }
}

/// Converts a row of f16 in shared memory to floats.
inline void RacyLoadHalves(float* to, const std::uint16_t* from, std::size_t count) {
  if constexpr (kRelaxedAtomics) {
    for (std::size_t n = 0; n < count; ++n) {
      std::atomic_ref<std::uint16_t> half(*const_cast<std::uint16_t*>(from + n));
      to[n] = HalfToFloat(half.load(std::memory_order_relaxed));
    }
  } else {
    HalfToFloat(from, to, count);
  }
}

/// Writes floats to a row of f16 in shared memory; what is beyond the range of f16 becomes its largest
/// number.
inline void RacyStoreHalves(std::uint16_t* to, float* from, std::size_t count) {
  constexpr float kMost = 65504.0f;
  for (std::size_t n = 0; n < count; ++n) from[n] = std::clamp(from[n], -kMost, kMost);
  if constexpr (kRelaxedAtomics) {
    for (std::size_t n = 0; n < count; ++n) {
      std::atomic_ref<std::uint16_t>(to[n]).store(FloatToHalf(from[n]), std::memory_order_relaxed);
    }
  } else {
    FloatToHalf(from, to, count);
  }
}

/// Copies a row of `padded` floats out of a table.
inline void RacyCopy(float* to, const float* row, std::size_t padded) {
  for (std::size_t c = 0; c < padded; c += simd::kLanes) simd::Store(to + c, RacyLoadVector(row + c));
}

}  // namespace attune
