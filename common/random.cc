#include "common/random.h"

#include <Random123/philox.h>

#include <bit>
#include <cmath>
#include <numbers>

#include "common/error.h"

namespace attune::random {
namespace {

Words Philox(const std::array<std::uint32_t, 2>& key, const Words& counter) {
  const r123::Philox4x32::ctr_type in = {{counter[0], counter[1], counter[2], counter[3]}};
  const r123::Philox4x32::key_type with = {{key[0], key[1]}};
  const auto out = r123::Philox4x32()(in, with);
  return {out[0], out[1], out[2], out[3]};
}

}  // namespace

Stream::Stream(std::uint64_t seed, Purpose purpose, std::uint32_t epoch) {
  const Words words = Philox({static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)},
                             {static_cast<std::uint32_t>(purpose), epoch, 0, 0});
  key_ = {words[0], words[1]};
}

Words Stream::operator()(std::uint32_t a, std::uint32_t b, std::uint32_t c, std::uint32_t d) const {
  return Philox(key_, {a, b, c, d});
}

std::array<float, 4> Normals(const Words& words) {
  std::array<float, 4> normals{};
  for (std::size_t pair = 0; pair < 4; pair += 2) {
    const double u1 = (static_cast<double>(words[pair]) + 1.0) * 0x1p-32;  // (0, 1]
    const double u2 = static_cast<double>(words[pair + 1]) * 0x1p-32;
    const double radius = std::sqrt(-2.0 * std::log(u1));
    normals[pair] = static_cast<float>(radius * std::cos(2.0 * std::numbers::pi * u2));
    normals[pair + 1] = static_cast<float>(radius * std::sin(2.0 * std::numbers::pi * u2));
  }
  return normals;
}

Permutation::Permutation(std::uint32_t n, const Words& key) : n_(n), key_(key) {
  ATTUNE_CHECK(n > 0);
  const auto bits = static_cast<std::uint32_t>(std::bit_width(n - 1));
  half_bits_ = std::max(1u, (bits + 1) / 2);
}

std::uint32_t Permutation::Round(std::uint32_t half, int round) const {
  std::uint32_t x =
      half + key_[static_cast<std::size_t>(round) % 4] + static_cast<std::uint32_t>(round) * 0x9e3779b9u;
  x ^= x >> 16;
  x *= 0x7feb352du;
  x ^= x >> 15;
  x *= 0x846ca68bu;
  return x ^ (x >> 16);
}

std::uint32_t Permutation::operator()(std::uint32_t x) const {
  const std::uint32_t mask = half_bits_ == 16 ? 0xffffu : (1u << half_bits_) - 1;
  do {
    std::uint32_t left = x >> half_bits_;
    std::uint32_t right = x & mask;
    for (int round = 0; round < 6; ++round) {
      const std::uint32_t next = (left ^ Round(right, round)) & mask;
      left = right;
      right = next;
    }
    x = (left << half_bits_) | right;
  } while (x >= n_);
  return x;
}

}  // namespace attune::random
