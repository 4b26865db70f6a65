#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/data/id_interner.h"
#include "common/data/spill_file.h"
#include "common/io/output_file.h"
#include "common/types.h"

namespace attune::data {

/// A slice of the training data: users [first_user, first_user + users).
struct SlicePlan {
  std::string name;  ///< "slice-00000"
  Index first_user = 0;
  Index users = 0;
  std::uint64_t interactions = 0;
};

/// Slices to make by default: one per 32,768 training interactions, at least 16, at most 4,096.
std::uint32_t DefaultSlices(std::uint64_t train_interactions);

/// Cuts the users into `slices` contiguous ranges of about as many interactions each, or into one per user if
/// there are fewer users. Every slice has at least one user.
/// @param rows_of  training interactions of each user. [users], at least one
std::vector<SlicePlan> PlanSlices(std::span<const std::uint32_t> rows_of, std::uint32_t slices);

/// Writes users.npy and indptr.npy of a slice to `directory`, which is made.
/// @param rows_of  training interactions of each user. [users]
void WriteSliceUsers(const std::filesystem::path& directory, const SlicePlan& slice,
                     std::span<const std::uint32_t> rows_of);

/// Interactions of each part.
struct PartCounts {
  std::uint64_t train = 0;
  std::uint64_t validation = 0;
  std::uint64_t test = 0;
};

/// The part of a data set's manifest that is the same whoever made it: kind, version, counts and slices.
nlohmann::ordered_json BeginManifest(const char* created_by, Index users, Index items,
                                     const PartCounts& counts, std::span<const SlicePlan> slices);

/// Writes users.tsv or items.tsv: the ids in `order`, one a line.
void WriteIds(const std::filesystem::path& path, const IdInterner& ids, std::span<const Index> order);

/// Writes validation.tsv or test.tsv: user, item and time, as they stood in the log.
class HeldOutWriter {
 public:
  explicit HeldOutWriter(const std::filesystem::path& path) : file_(path) {}
  void Append(std::string_view user, std::string_view item, std::string_view time);
  void Close() { file_.Close(); }

 private:
  io::OutputFile file_;
  std::string line_;
};

/// Collects the training interactions in order of users in temporary files, then writes them as slices.
class SliceWriter {
 public:
  /// @param directory  of the data set; `train` is made in it
  SliceWriter(const std::filesystem::path& directory, Index users);

  /// Appends an interaction; users ascending, by time within a user.
  void Append(Index user, Index item, std::int64_t time_us);

  /// Writes all slices. @param slices  0 is DefaultSlices
  std::vector<SlicePlan> Write(std::uint32_t slices);

 private:
  void WriteSlice(const SlicePlan& slice, std::uint64_t first_row) const;

  std::filesystem::path directory_;
  std::vector<std::uint32_t> rows_of_;
  SpillFile items_;
  SpillFile times_;
};

}  // namespace attune::data
