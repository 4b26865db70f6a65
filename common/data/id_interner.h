#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/types.h"

namespace attune::data {

/// Numbers distinct ids in the order of their first appearance and keeps their text.
/// Memory: the bytes of the ids, their length (1 to 3 bytes), 8 bytes for the place and 8 to 22 bytes for the
/// hash table, per id. Threads: confined; Find and operator[] from any thread while nobody interns.
class IdInterner {
 public:
  static constexpr std::uint64_t kMaxIds = std::uint64_t{1} << 31;

  /// @param what     "user" or "item", for error texts
  /// @param max_ids  more distinct ids are refused; at most kMaxIds
  explicit IdInterner(std::string what, std::uint64_t max_ids = kMaxIds);

  /// Number of `id`, given to it now if it is new. Throws Error(kFailed) if there would be more than max_ids,
  /// saying how much memory they would need.
  Index Intern(std::string_view id) { return Intern(id, HashOf(id)); }

  /// The same in steps, so that memory can be fetched while other work is done: hash, PrefetchSlot, …,
  /// PrefetchPlace, …, PrefetchText, …, Intern. Each stage reads what the one before fetched.
  static std::uint32_t HashOf(std::string_view id);
  void PrefetchSlot(std::uint32_t hash) const { __builtin_prefetch(&FirstSlot(hash)); }
  void PrefetchPlace(std::uint32_t hash) const {
    if (const Index index = FirstSlot(hash).index; index != kNoIndex) __builtin_prefetch(&places_[index]);
  }
  void PrefetchText(std::uint32_t hash) const {
    if (const Index index = FirstSlot(hash).index; index != kNoIndex)
      __builtin_prefetch(TextAt(places_[index]));
  }
  Index Intern(std::string_view id, std::uint32_t hash);

  /// Number of `id`, or kNoIndex.
  Index Find(std::string_view id) const;

  Index size() const { return static_cast<Index>(places_.size()); }
  /// Text of an id; valid as long as the interner.
  std::string_view operator[](Index index) const;

  /// Bytes of all ids.
  std::uint64_t text_bytes() const { return text_bytes_; }
  /// Bytes held in memory.
  std::uint64_t memory_bytes() const;

  /// Frees the hash table; Intern and Find must not be called any more.
  void ForgetHashes();

 private:
  struct Slot {
    std::uint32_t hash;
    Index index;  ///< kNoIndex where empty
  };

  static constexpr std::size_t kChunkBits = 21;
  static constexpr std::size_t kChunkBytes = std::size_t{1} << kChunkBits;

  const Slot& FirstSlot(std::uint32_t hash) const { return slots_[hash & (slots_.size() - 1)]; }
  /// Where length and text of an id start.
  const char* TextAt(std::uint64_t place) const {
    return chunks_[place >> kChunkBits].get() + (place & (kChunkBytes - 1));
  }
  Index Add(std::string_view id);
  std::uint64_t Store(std::string_view id);
  void Grow();
  [[noreturn]] void RefuseMore() const;

  std::string what_;
  std::uint64_t max_ids_;
  std::vector<Slot> slots_;  ///< open addressing, a power of two
  std::vector<std::uint64_t> places_;
  std::vector<std::unique_ptr<char[]>> chunks_;
  std::size_t used_in_chunk_;
  std::uint64_t text_bytes_ = 0;
};

}  // namespace attune::data
