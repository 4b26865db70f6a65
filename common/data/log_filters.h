#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/data/interaction.h"
#include "common/data/item_marks.h"
#include "common/data/spill_file.h"
#include "common/types.h"

namespace attune::data {

enum class Duplicates { kFirst, kLast };

/// What is to be removed from a log, in the order in which it is done. (The least rating comes before all of
/// these: see LogOptions.)
struct FilterOptions {
  Duplicates duplicates = Duplicates::kFirst;  ///< which interaction of a user with the same item is kept
  std::optional<std::int64_t> since_us;        ///< earlier interactions are removed
  std::optional<std::int64_t> until_us;        ///< interactions at this time or later are removed
  std::uint32_t min_user_interactions = 0;     ///< fewer: the user is removed, until none is left to remove
  std::uint32_t min_item_interactions = 0;     ///< fewer: the item is removed, likewise
  std::uint32_t top_items = 0;                 ///< only so many of the most frequent items are kept; 0 is all
  std::uint32_t sample_users = 0;              ///< only so many users, drawn at random, are kept; 0 is all
};

/// What a filter did.
struct FilterReport {
  std::string name;
  std::uint64_t removed = 0;       ///< interactions
  std::uint64_t interactions = 0;  ///< left
  Index users = 0;                 ///< left
  Index items = 0;                 ///< left
};

/// Orders the rows of one user by time, equal times by their position in the input, and removes duplicates
/// and what lies outside the time window. Duplicates are looked for within train, validation and test
/// separately: an interaction in two of them is a leak, not a duplicate.
class RowFilter {
 public:
  using PartOfRow = std::function<Part(const Interaction&)>;

  RowFilter(const FilterOptions& options, Index items, PartOfRow part_of);

  /// Moves what is kept to the front. Returns how many rows that is.
  std::size_t Apply(std::span<Interaction> rows);

  std::uint64_t duplicates() const { return duplicates_; }
  std::uint64_t outside_window() const { return outside_window_; }

 private:
  void FindDuplicates(std::span<const Interaction> rows, Part part);

  FilterOptions options_;
  PartOfRow part_of_;
  ItemMarks seen_;
  std::vector<bool> drop_;
  std::uint64_t duplicates_ = 0;
  std::uint64_t outside_window_ = 0;
};

/// Interactions in order of users, and which users and items are still in. Rows of those that are not stay in
/// the files and are passed over. Memory: 9 bytes per user and item.
class GroupedLog {
 public:
  GroupedLog(Index users, Index items, const std::filesystem::path& directory);

  /// Appends rows of a user; users in ascending order.
  void Append(Index user, std::span<const Interaction> rows);
  void Finish();

  bool Has(const Interaction& row) const { return user_in_[row.user] != 0 && item_in_[row.item] != 0; }
  const SpillFile& rows() const { return rows_; }
  SpillFile TakeRows() { return std::move(rows_); }
  /// Rows of each user in the file, those passed over too. [users]
  std::span<const std::uint32_t> rows_of() const { return rows_of_; }
  /// Rows of each user that are in. [users]
  std::span<const std::uint32_t> user_counts() const { return user_counts_; }
  std::span<const std::uint32_t> item_counts() const { return item_counts_; }

  /// Removes users and items with too few interactions until none is left to remove: the k-core, which does
  /// not depend on the order of removal.
  void KeepCore(std::uint32_t min_user, std::uint32_t min_item);
  /// Keeps the `most` most frequent items; of equally frequent ones those that appeared earlier in the input.
  void KeepTopItems(std::uint32_t most);
  /// Keeps `most` users, drawn without replacement, each as likely.
  void SampleUsers(std::uint32_t most, std::uint64_t seed);

  /// Interactions, users and items that are in, as of the last filter.
  FilterReport Left(const std::string& name, std::uint64_t before) const;
  std::uint64_t interactions() const { return interactions_; }

 private:
  void Recount();
  bool RemoveRare(std::uint32_t min_user, std::uint32_t min_item);

  SpillFile rows_;
  SpillFile row_items_;  ///< the items of the rows alone, for counting again and again
  std::vector<std::uint32_t> rows_of_;
  std::vector<std::uint8_t> user_in_;
  std::vector<std::uint8_t> item_in_;
  std::vector<std::uint32_t> user_counts_;
  std::vector<std::uint32_t> item_counts_;
  std::uint64_t interactions_ = 0;
};

}  // namespace attune::data
