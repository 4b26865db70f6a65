#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace attune {

/// Counts of whole numbers by powers of two: bucket 0 counts zeros, bucket n numbers of n bits. Threads:
/// value.
class PowerHistogram {
 public:
  static constexpr std::size_t kBuckets = 33;

  void Add(std::uint64_t number) {
    ++counts_[std::min<std::size_t>(kBuckets - 1, static_cast<std::size_t>(std::bit_width(number)))];
    max_ = std::max(max_, number);
  }
  PowerHistogram& operator+=(const PowerHistogram& other) {
    for (std::size_t n = 0; n < kBuckets; ++n) counts_[n] += other.counts_[n];
    max_ = std::max(max_, other.max_);
    return *this;
  }

  std::uint64_t count(std::size_t bucket) const { return counts_[bucket]; }
  std::uint64_t max() const { return max_; }
  void Set(std::size_t bucket, std::uint64_t count) { counts_[bucket] = count; }
  void SetMax(std::uint64_t max) { max_ = max; }
  /// Greatest number of a bucket.
  static std::uint64_t Top(std::size_t bucket) { return (std::uint64_t{1} << bucket) - 1; }

  std::uint64_t total() const {
    std::uint64_t sum = 0;
    for (const std::uint64_t count : counts_) sum += count;
    return sum;
  }
  /// A number that a share of the numbers does not exceed: no more than twice the least such.
  std::uint64_t Quantile(double share) const {
    const auto wanted = static_cast<double>(total()) * share;
    double below = 0;
    for (std::size_t n = 0; n < kBuckets; ++n) {
      below += static_cast<double>(counts_[n]);
      if (below >= wanted) return std::min(Top(n), max_);
    }
    return 0;
  }

  friend bool operator==(const PowerHistogram&, const PowerHistogram&) = default;

 private:
  std::array<std::uint64_t, kBuckets> counts_{};
  std::uint64_t max_ = 0;
};

/// How old what workers read was, batch by batch.
struct Staleness {
  PowerHistogram clocks;        ///< batches of other hosts' slowest worker that were not in the rows, at most
  PowerHistogram milliseconds;  ///< since the rows were brought together

  Staleness& operator+=(const Staleness& other) {
    clocks += other.clocks;
    milliseconds += other.milliseconds;
    return *this;
  }
  friend bool operator==(const Staleness&, const Staleness&) = default;
};

}  // namespace attune
