#include "common/data/id_interner.h"

#include <xxhash.h>

#include <algorithm>
#include <cstring>

#include "common/data/huge_pages.h"
#include "common/error.h"

namespace attune::data {
namespace {

constexpr std::size_t kLengthBytes = 3;
constexpr std::size_t kFirstSlots = 1024;

}  // namespace

IdInterner::IdInterner(std::string what, std::uint64_t max_ids)
    : what_(std::move(what)),
      max_ids_(std::min(max_ids, kMaxIds)),
      slots_(kFirstSlots, Slot{0, kNoIndex}),
      used_in_chunk_(kChunkBytes) {}

/// 32 bits choose the slot too, which suffices for up to 2^32 slots.
std::uint32_t IdInterner::HashOf(std::string_view id) {
  return static_cast<std::uint32_t>(XXH3_64bits(id.data(), id.size()));
}

Index IdInterner::Intern(std::string_view id, std::uint32_t hash) {
  const std::size_t mask = slots_.size() - 1;
  std::size_t slot = hash & mask;
  for (; slots_[slot].index != kNoIndex; slot = (slot + 1) & mask) {
    if (slots_[slot].hash == hash && (*this)[slots_[slot].index] == id) return slots_[slot].index;
  }
  const Index index = Add(id);
  slots_[slot] = {hash, index};
  if (places_.size() * 4 > slots_.size() * 3) Grow();
  return index;
}

Index IdInterner::Find(std::string_view id) const {
  const std::uint32_t hash = HashOf(id);
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t slot = hash & mask; slots_[slot].index != kNoIndex; slot = (slot + 1) & mask) {
    if (slots_[slot].hash == hash && (*this)[slots_[slot].index] == id) return slots_[slot].index;
  }
  return kNoIndex;
}

std::string_view IdInterner::operator[](Index index) const {
  const char* at = TextAt(places_[index]);
  std::uint32_t length = 0;
  std::memcpy(&length, at, kLengthBytes);
  return {at + kLengthBytes, length};
}

Index IdInterner::Add(std::string_view id) {
  if (places_.size() >= max_ids_) RefuseMore();
  ATTUNE_CHECK(id.size() <= kChunkBytes - kLengthBytes);  // shorter than a record of a log
  const Index index = size();
  places_.push_back(Store(id));
  text_bytes_ += id.size();
  return index;
}

/// Copies length and text into the arena; returns where.
std::uint64_t IdInterner::Store(std::string_view id) {
  const std::size_t bytes = kLengthBytes + id.size();
  if (used_in_chunk_ + bytes > kChunkBytes) {
    chunks_.push_back(std::make_unique_for_overwrite<char[]>(kChunkBytes));
    used_in_chunk_ = 0;
  }
  char* at = chunks_.back().get() + used_in_chunk_;
  const auto length = static_cast<std::uint32_t>(id.size());
  std::memcpy(at, &length, kLengthBytes);
  std::memcpy(at + kLengthBytes, id.data(), id.size());
  const std::uint64_t place = ((chunks_.size() - 1) << kChunkBits) + used_in_chunk_;
  used_in_chunk_ += bytes;
  return place;
}

void IdInterner::Grow() {
  auto larger = MakeHugeVector(slots_.size() * 2, Slot{0, kNoIndex});
  const std::size_t mask = larger.size() - 1;
  for (const Slot& old : slots_) {
    if (old.index == kNoIndex) continue;
    std::size_t slot = old.hash & mask;
    while (larger[slot].index != kNoIndex) slot = (slot + 1) & mask;
    larger[slot] = old;
  }
  slots_ = std::move(larger);
}

std::uint64_t IdInterner::memory_bytes() const {
  return chunks_.size() * kChunkBytes + places_.capacity() * sizeof(places_[0]) +
         slots_.capacity() * sizeof(Slot);
}

void IdInterner::ForgetHashes() {
  slots_.clear();
  slots_.shrink_to_fit();
}

void IdInterner::RefuseMore() const {
  const double gib = static_cast<double>(memory_bytes()) / (1u << 30);
  ThrowFailed(
      "more than {} distinct {} ids, the most that is supported; they need {:.1f} GiB of memory already. Is "
      "the {} "
      "column the right one? Filter the log or split it before preparing it",
      max_ids_, what_, gib, what_);
}

}  // namespace attune::data
