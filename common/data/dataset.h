#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/data/features.h"
#include "common/data/id_table.h"
#include "common/io/npy.h"
#include "common/types.h"

namespace attune::data {

inline constexpr const char* kDatasetKind = "attune dataset";
inline constexpr std::int64_t kDatasetVersion = 1;

/// Rows of item indices, one per user, of a contiguous range of users (CSR). A view.
struct Rows {
  Index first_user = 0;
  std::span<const std::uint64_t> indptr;  ///< [users+1], starts at 0
  std::span<const Index> items;           ///< [indptr.back()]

  Index users() const { return static_cast<Index>(indptr.size() - 1); }
  /// Items of user `first_user + offset`.
  std::span<const Index> operator[](Index offset) const {
    return items.subspan(indptr[offset], indptr[offset + 1] - indptr[offset]);
  }
};

/// Interactions held out of training: the items of each user that has any, users ascending.
struct HeldOut {
  std::vector<Index> users;           ///< [n], ascending
  std::vector<std::uint64_t> indptr;  ///< [n+1]
  std::vector<Index> items;           ///< [indptr.back()]

  std::size_t size() const { return users.size(); }
  std::span<const Index> Items(std::size_t at) const {
    return std::span(items).subspan(indptr[at], indptr[at + 1] - indptr[at]);
  }
  /// Items of `user`, empty if none.
  std::span<const Index> Find(Index user) const;
};

enum class Split { kValidation, kTest };

/// A data set made by `attune prepare`, opened read-only; training interactions stay in mapped files.
/// Threads: every const method from any thread. Spans live as long as the data set.
class Dataset {
 public:
  /// Opens and checks sizes, shapes and index ranges; contents are verified against checksums by `attune
  /// inspect`. Throws Error(kBadInput) naming file and cause.
  explicit Dataset(const std::filesystem::path& path);
  ~Dataset();
  Dataset(Dataset&&) noexcept;
  Dataset& operator=(Dataset&&) noexcept;

  const std::filesystem::path& path() const { return path_; }
  Index num_users() const { return users_.size(); }
  Index num_items() const { return items_.size(); }
  std::uint64_t num_interactions() const { return num_interactions_; }  ///< training interactions
  const IdTable& users() const { return users_; }
  const IdTable& items() const { return items_; }
  const nlohmann::ordered_json& manifest() const { return *manifest_; }

  /// Training interactions by slice; slices are contiguous user ranges that cover all users in order.
  std::span<const Rows> slices() const { return slices_; }
  /// Slice that holds `user`.
  std::size_t SliceOf(Index user) const;
  /// Training items of `user`, oldest first.
  std::span<const Index> History(Index user) const;
  /// Training count of every item. [num_items]
  std::vector<std::uint32_t> ItemCounts() const;

  /// Whether the data set has this split.
  bool Has(Split split) const;
  /// Reads validation.tsv or test.tsv. Throws Error(kBadInput) if it is missing or names an unknown id.
  HeldOut LoadHeldOut(Split split) const;

  /// Component vectors of the items; nullptr if the data set was prepared without features.
  const Features* features() const { return features_ ? &*features_ : nullptr; }

  /// Bytes of the training interactions in memory when all are mapped in.
  std::uint64_t interaction_bytes() const;

  /// Identifies the data: a checksum over the manifest's file checksums.
  std::string Fingerprint() const;

 private:
  struct SliceFiles {
    io::NpyView users, indptr, items;
  };
  void OpenSlice(const std::filesystem::path& directory);

  std::filesystem::path path_;
  std::unique_ptr<nlohmann::ordered_json> manifest_;
  IdTable users_;
  IdTable items_;
  std::vector<SliceFiles> files_;
  std::vector<Rows> slices_;
  std::optional<Features> features_;
  std::uint64_t num_interactions_ = 0;
};

}  // namespace attune::data
