#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <utility>

#include "common/random.h"

namespace attune::synth {

/// What a random draw of a synthetic log is for. Values are part of the definition of a log: never renumber.
enum class Draw : std::uint32_t {
  kUserRank = 1,
  kItemRank = 2,
  kHistory = 3,
  kTime = 4,
  kComponents = 5,
  kVectors = 6,
  kUserTruth = 7,
  kItemTruth = 8,
  kContent = 9,
  kRotation = 10,
  kForeground = 11,
  kHistorySize = 12,
};

inline random::Stream StreamOf(std::uint64_t seed, Draw draw) {
  return {seed, random::Purpose::kSynthetic, static_cast<std::uint32_t>(draw)};
}

/// The words of a stream that belong to one user, item or vector, one after another.
class Sequence {
 public:
  Sequence(const random::Stream& stream, std::uint32_t key) : stream_(stream), key_(key) {}

  /// 32 uniform bits.
  std::uint32_t Word() {
    if (at_ == words_.size()) {
      words_ = Block();
      at_ = 0;
    }
    return words_[at_++];
  }
  /// 64 uniform bits.
  std::uint64_t DoubleWord() {
    const std::uint64_t high = Word();
    return high << 32 | Word();
  }
  /// Uniform in 0 … n-1, n > 0.
  std::uint32_t Below(std::uint32_t n) {
    std::uint32_t out = 0;
    while (!random::Bounded(Word(), n, &out)) {
    }
    return out;
  }
  /// Uniform between 0 and 1, both excluded.
  double Unit() { return (Word() + 0.5) * 0x1p-32; }
  bool Coin() { return (Word() & 1) != 0; }
  /// Fills with independent standard normal numbers.
  void Normals(std::span<float> out);

 private:
  random::Words Block() {
    const auto low = static_cast<std::uint32_t>(block_);
    const auto high = static_cast<std::uint32_t>(block_ >> 32);
    ++block_;
    return stream_(key_, low, high);
  }

  random::Stream stream_;
  std::uint32_t key_;
  std::uint64_t block_ = 0;
  random::Words words_{};
  std::size_t at_ = 4;
};

/// Brings elements into a random order, each equally likely (Fisher and Yates).
template <typename T>
void Shuffle(std::span<T> elements, Sequence& draws) {
  for (std::size_t left = elements.size(); left > 1; --left)
    std::swap(elements[left - 1], elements[draws.Below(static_cast<std::uint32_t>(left))]);
}

}  // namespace attune::synth
