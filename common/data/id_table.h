#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>
#include <vector>

#include "common/io/mapped_file.h"
#include "common/types.h"

namespace attune::data {

/// The original ids of users or items, in index order: users.tsv and items.tsv, one id a line, no header.
/// Ids are any bytes but TAB, CR, LF and NUL. Owns the mapped file.
/// Threads: reading from any thread after construction.
class IdTable {
 public:
  IdTable() = default;
  /// Throws Error(kBadInput) naming file and line if an id is empty or the file is damaged.
  explicit IdTable(const std::filesystem::path& path);

  /// Memory beside the mapped file.
  std::uint64_t bytes() const { return starts_.size() * sizeof(starts_[0]); }
  Index size() const { return static_cast<Index>(starts_.empty() ? 0 : starts_.size() - 1); }
  std::string_view operator[](Index index) const;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  io::MappedFile file_;
  std::vector<std::uint64_t> starts_;  ///< [n+1] offset of each line, then of the end
};

/// Finds the index of an id. Refers to the table, which must outlive it.
class IdIndex {
 public:
  /// Throws Error(kBadInput) naming the file if an id occurs twice.
  explicit IdIndex(const IdTable& table);

  /// Index of `id`, or kNoIndex.
  Index Find(std::string_view id) const;

 private:
  const IdTable* table_;
  std::vector<Index> slots_;  ///< open addressing, a power of two, kNoIndex where empty
};

}  // namespace attune::data
