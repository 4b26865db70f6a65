#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "common/random.h"
#include "common/training_spec.h"
#include "common/types.h"

namespace attune::worker {

/// Answers "is this item in R(i)?" for one user at a time: by a small hashed bit set, which says all where
/// there are no more items than bits; else, on a hit, by the history, or, where that is long, by a bit for
/// every item. Threads: confined.
class SeenItems {
 public:
  explicit SeenItems(Index num_items);

  /// Makes `items` the set; the span must stay valid until the next call.
  void Assign(std::span<const Index> items);

  bool Contains(Index item) const { return Has(bits_, item % kBits) && (filter_is_exact_ || IsListed(item)); }
  std::span<const Index> items() const { return items_; }
  /// All other items, rising.
  std::span<const Index> Unseen();

 private:
  using Bits = std::vector<std::uint64_t>;
  static constexpr std::uint32_t kBits = 1 << 16;

  static bool Has(const Bits& bits, std::uint32_t bit) { return (bits[bit / 64] >> (bit % 64) & 1) != 0; }
  static void Set(Bits& bits, std::uint32_t bit) { bits[bit / 64] |= std::uint64_t{1} << (bit % 64); }
  bool IsListed(Index item) const;
  bool IsLong() const;

  const Index num_items_;
  const bool filter_is_exact_;
  Bits bits_;
  Bits every_item_;  ///< empty until a history is long; all zero while none is
  std::span<const Index> items_;
  std::vector<Index> unseen_;  ///< empty until somebody asks
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
             SeenItems& seen) const;

 private:
  struct Column {
    float keep;   ///< probability of staying in this column
    Index alias;  ///< where to go otherwise
  };
  void BuildAlias();
  bool Candidate(std::uint32_t word, std::uint32_t coin, Index* item) const;
  Index DrawAmong(std::span<const Index> items, std::uint32_t word) const;

  std::size_t weights_size_;
  std::vector<double> weights_;  ///< empty when uniform
  std::vector<Column> columns_;  ///< empty when uniform
};

}  // namespace attune::worker
