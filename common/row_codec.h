#pragma once

#include <cstddef>
#include <cstdint>

/// Rows as they travel: f32, or bf16 (the upper half of an f32, rounded to nearest even).
namespace attune {

inline std::size_t BytesOfNumbers(std::size_t count, bool bf16) {
  return count * (bf16 ? sizeof(std::uint16_t) : sizeof(float));
}

/// Writes `count` numbers, which may lie at any address.
void EncodeNumbers(const float* from, std::size_t count, bool bf16, std::byte* to);
/// The numbers as the receiver has them.
void DecodeNumbers(const std::byte* from, std::size_t count, bool bf16, float* to);

}  // namespace attune
