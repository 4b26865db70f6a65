#include "common/data/id_table.h"

#include <xxhash.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "common/error.h"

namespace attune::data {

IdTable::IdTable(const std::filesystem::path& path) : path_(path), file_(path) {
  const auto bytes = file_.bytes();
  const char* text = reinterpret_cast<const char*>(bytes.data());
  starts_.reserve(static_cast<std::size_t>(std::count(text, text + bytes.size(), '\n')) + 1);
  starts_.push_back(0);
  for (std::size_t at = 0; at < bytes.size();) {
    const void* end = std::memchr(text + at, '\n', bytes.size() - at);
    if (end == nullptr) ThrowBadInput("{}:{}: last line is cut off", path.string(), starts_.size());
    const auto next = static_cast<std::size_t>(static_cast<const char*>(end) - text) + 1;
    if (next - at < 2) ThrowBadInput("{}:{}: empty id", path.string(), starts_.size());
    if (starts_.size() >= kNoIndex) ThrowBadInput("{}: more than {} ids", path.string(), kNoIndex - 1);
    starts_.push_back(next);
    at = next;
  }
}

std::string_view IdTable::operator[](Index index) const {
  ATTUNE_CHECK(index < size());
  const char* text = reinterpret_cast<const char*>(file_.bytes().data());
  return {text + starts_[index], starts_[index + 1] - starts_[index] - 1};
}

IdIndex::IdIndex(const IdTable& table)
    : table_(&table), slots_(std::bit_ceil(std::size_t{2} * table.size() + 2), kNoIndex) {
  const std::size_t mask = slots_.size() - 1;
  for (Index index = 0; index < table.size(); ++index) {
    const std::string_view id = table[index];
    std::size_t slot = XXH3_64bits(id.data(), id.size()) & mask;
    for (; slots_[slot] != kNoIndex; slot = (slot + 1) & mask) {
      if (table[slots_[slot]] == id)
        ThrowBadInput("{}: id '{}' stands on lines {} and {}", table.path().string(), id, slots_[slot] + 1,
                      index + 1);
    }
    slots_[slot] = index;
  }
}

Index IdIndex::Find(std::string_view id) const {
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t slot = XXH3_64bits(id.data(), id.size()) & mask; slots_[slot] != kNoIndex;
       slot = (slot + 1) & mask) {
    if ((*table_)[slots_[slot]] == id) return slots_[slot];
  }
  return kNoIndex;
}

}  // namespace attune::data
