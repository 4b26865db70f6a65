#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "common/random.h"
#include "common/training_spec.h"
#include "common/types.h"

namespace attune::worker {

/// Answers "is this item in R(i)?" for one user at a time: a small hashed bit set first, the history only on
/// a hit. Threads: confined.
class SeenItems {
 public:
  SeenItems() : bits_(kBits / 64, 0) {}

  /// Makes `items` the set; the span must stay valid until the next call.
  void Assign(std::span<const Index> items);

  bool Contains(Index item) const {
    const std::uint32_t bit = item % kBits;
    return (bits_[bit / 64] >> (bit % 64) & 1) != 0 && IsListed(item);
  }
  std::span<const Index> items() const { return items_; }

 private:
  static constexpr std::uint32_t kBits = 1 << 16;
  bool IsListed(Index item) const;

  std::vector<std::uint64_t> bits_;
  std::span<const Index> items_;
};

/// Draws negative items k ∉ R(i), uniformly or in proportion to (training count)^power by Walker's alias
/// method. A draw that hits R(i) is drawn again, never skipped; when nearly everything is in R(i), the item
/// is chosen among the others directly. Threads: const methods from any thread.
class NegativeSampler {
 public:
  /// @param item_counts  training count of every item
  NegativeSampler(const SamplingSpec& spec, std::span<const std::uint32_t> item_counts);

  Index num_items() const { return static_cast<Index>(weights_size_); }

  /// The negative number `number` for the positive at `position` of `user`: a pure function of its arguments.
  /// Requires seen.items().size() < num_items() (all distinct).
  Index Draw(const random::Stream& stream, Index user, std::uint32_t position, std::uint32_t number,
             const SeenItems& seen) const;

 private:
  struct Column {
    float keep;   ///< probability of staying in this column
    Index alias;  ///< where to go otherwise
  };
  void BuildAlias();
  bool Candidate(std::uint32_t word, std::uint32_t coin, Index* item) const;
  Index DrawAmongUnseen(std::uint32_t word, const SeenItems& seen) const;
  double Weight(Index item) const { return weights_.empty() ? 1.0 : weights_[item]; }

  std::size_t weights_size_;
  std::vector<double> weights_;  ///< empty when uniform
  std::vector<Column> columns_;  ///< empty when uniform
};

}  // namespace attune::worker
