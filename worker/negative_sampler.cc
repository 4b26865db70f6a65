#include "worker/negative_sampler.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "common/error.h"

namespace attune::worker {
namespace {
/// Words tried before the complement is listed. A user who has seen half of all items gets here once in 2^64
/// draws.
constexpr std::uint32_t kBlocksOfAttempts = 16;
}  // namespace

SeenItems::SeenItems(Index num_items)
    : num_items_(num_items), filter_is_exact_(num_items <= kBits), bits_(kBits / 64, 0) {}

/// A history that is looked through slower than a bit is found in memory.
bool SeenItems::IsLong() const {
  constexpr std::size_t kLong = 1024;
  return !filter_is_exact_ && items_.size() > kLong;
}

void SeenItems::Assign(std::span<const Index> items) {
  for (const Index item : items_) bits_[item % kBits / 64] = 0;
  if (IsLong()) {
    for (const Index item : items_) every_item_[item / 64] = 0;
  }
  unseen_.clear();
  items_ = items;
  for (const Index item : items_) Set(bits_, item % kBits);
  if (!IsLong()) return;
  every_item_.resize((std::size_t{num_items_} + 63) / 64, 0);
  for (const Index item : items_) Set(every_item_, item);
}

bool SeenItems::IsListed(Index item) const {
  if (IsLong()) return Has(every_item_, item);
  bool found = false;
  for (const Index seen : items_) found |= seen == item;  // no early exit: the compiler compares many at once
  return found;
}

std::span<const Index> SeenItems::Unseen() {
  if (unseen_.empty()) {
    for (Index item = 0; item < num_items_; ++item) {
      if (!Contains(item)) unseen_.push_back(item);
    }
  }
  return unseen_;
}

NegativeSampler::NegativeSampler(const SamplingSpec& spec, std::span<const std::uint32_t> item_counts)
    : weights_size_(item_counts.size()) {
  if (spec.negatives == Negatives::kUniform) return;
  for (const std::uint32_t count : item_counts) {
    // Items that were never trained on can be drawn too, like the rarest that were.
    weights_.push_back(std::pow(std::max<double>(count, 1.0), spec.negative_power));
  }
  BuildAlias();
}

void NegativeSampler::BuildAlias() {
  const auto n = static_cast<double>(weights_.size());
  const double mean = std::accumulate(weights_.begin(), weights_.end(), 0.0) / n;
  std::vector<double> left = weights_;
  std::vector<Index> small, large;
  for (Index item = 0; item < left.size(); ++item) (left[item] < mean ? small : large).push_back(item);
  columns_.assign(weights_.size(), {1.0f, 0});
  while (!small.empty() && !large.empty()) {
    const Index from = small.back();
    const Index donor = large.back();
    small.pop_back();
    columns_[from] = {static_cast<float>(left[from] / mean), donor};
    left[donor] -= mean - left[from];
    if (left[donor] < mean) {
      large.pop_back();
      small.push_back(donor);
    }
  }
}

bool NegativeSampler::Candidate(std::uint32_t word, std::uint32_t coin, Index* item) const {
  if (!random::Bounded(word, num_items(), item)) return false;
  if (!columns_.empty() && random::Unit(coin) >= columns_[*item].keep) *item = columns_[*item].alias;
  return true;
}

Index NegativeSampler::Draw(const random::Stream& stream, Index user, std::uint32_t position,
                            std::uint32_t number, SeenItems& seen) const {
  for (std::uint32_t block = 0; block < kBlocksOfAttempts; ++block) {
    const random::Words words = stream(user, position, number, block);
    // Uniform draws need one word each; popularity draws use a second word as their coin.
    const std::size_t step = columns_.empty() ? 1 : 2;
    for (std::size_t n = 0; n < words.size(); n += step) {
      Index item = 0;
      if (Candidate(words[n], words[n + step - 1], &item) && !seen.Contains(item)) return item;
    }
  }
  return DrawAmong(seen.Unseen(), stream(user, position, number, kBlocksOfAttempts)[0]);
}

Index NegativeSampler::DrawAmong(std::span<const Index> items, std::uint32_t word) const {
  ATTUNE_CHECK(!items.empty());
  const double share = static_cast<double>(word) * 0x1p-32;
  if (weights_.empty()) return items[static_cast<std::size_t>(static_cast<double>(items.size()) * share)];
  double total = 0;
  for (const Index item : items) total += weights_[item];
  double rest = total * share;
  for (const Index item : items) {
    rest -= weights_[item];
    if (rest < 0) return item;
  }
  return items.back();
}

}  // namespace attune::worker
