#pragma once

#include <array>
#include <cstdint>

/// Counter-based random numbers: every draw is a pure function of what it is for (Philox4x32-10; Salmon et
/// al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011), so that no generator is shared, saved or
/// raced on and every layout of a job draws the same.
namespace attune::random {

/// What a draw is for. Values are part of the definition of a run: never renumber.
enum class Purpose : std::uint32_t {
  kInitialRow = 1,
  kInitialTheta = 2,
  kNegative = 3,
  kPositiveOrder = 4,
  kVisitOrder = 5,
  kHistorySample = 6,
  kBootstrap = 7,
  kLeaseOrder = 8,
  kSampleUsers = 9,
  kSplit = 10,
  kSampledNegatives = 11,
  kSynthetic = 12,
  kFeatureProjection = 13,
  kRangeFinder = 14,
  kNetwork = 15,
};

using Words = std::array<std::uint32_t, 4>;

/// A family of draws for one (seed, purpose, epoch); cheap to make and to copy.
class Stream {
 public:
  Stream(std::uint64_t seed, Purpose purpose, std::uint32_t epoch = 0);

  /// Four independent uniform words for a counter.
  Words operator()(std::uint32_t a, std::uint32_t b = 0, std::uint32_t c = 0, std::uint32_t d = 0) const;

 private:
  std::array<std::uint32_t, 2> key_;
};

/// Maps a uniform word to [0, n), n > 0, without bias if it returns true; on false take another word
/// (Lemire, "Fast random integer generation in an interval", 2019).
inline bool Bounded(std::uint32_t word, std::uint32_t n, std::uint32_t* out) {
  const std::uint64_t product = std::uint64_t{word} * n;
  *out = static_cast<std::uint32_t>(product >> 32);
  const auto low = static_cast<std::uint32_t>(product);
  return low >= n || low >= (0u - n) % n;
}

/// A word as a number in [0, 1).
inline float Unit(std::uint32_t word) {
  return static_cast<float>(word >> 8) * 0x1p-24f;
}

/// Four standard normal numbers (Box and Muller, 1958).
std::array<float, 4> Normals(const Words& words);

/// A pseudo-random permutation of [0, n) in constant memory: a Feistel network of six rounds on the least
/// even number of bits that holds n, walked until it falls below n.
class Permutation {
 public:
  /// @param n    1 or more
  /// @param key  words that choose the permutation
  Permutation(std::uint32_t n, const Words& key);

  /// Image of x < n; a bijection of [0, n).
  std::uint32_t operator()(std::uint32_t x) const;

 private:
  std::uint32_t Round(std::uint32_t half, int round) const;

  std::uint32_t n_;
  std::uint32_t half_bits_;
  Words key_;
};

}  // namespace attune::random
