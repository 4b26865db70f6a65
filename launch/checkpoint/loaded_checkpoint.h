#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <set>
#include <string>
#include <vector>

#include "common/io/npy.h"
#include "ps/model_store.h"
#include "scheduler/lease_queue.h"

namespace attune::launch {

/// A checkpoint opened for reading, rows mapped in: by any number of processes, whoever has written it.
/// Threads: const methods from any thread, on different rows.
class LoadedCheckpoint {
 public:
  /// Checks sizes and shapes, and that every user and item is there, not contents. Throws Error(kBadInput)
  /// naming file and cause.
  explicit LoadedCheckpoint(const std::filesystem::path& path);
  ~LoadedCheckpoint();

  const std::filesystem::path& path() const { return path_; }
  const nlohmann::ordered_json& manifest() const { return *manifest_; }

  /// Throws Error(kBadInput) unless its records are those of the store.
  void RequireFits(const ps::ModelStore& store) const;
  /// @param first, end  users; those that it does not have stay as they are
  void CopyUsers(Index first, Index end, const TableView& users) const;
  /// V, P and Θ, with their optimizer state.
  void CopyShared(ps::ModelStore& store) const;

 private:
  struct Users {
    Index end = 0;
    const float* records = nullptr;
  };
  struct Items {
    std::span<const Index> rows;
    std::span<const float> records;
  };
  const io::NpyView& Open(const std::string& file);
  void OpenPart(const nlohmann::ordered_json& part);
  void RequireWidth(const io::NpyView& array, std::size_t floats) const;
  void RequireAllUsers(Index users) const;
  void RequireAllItems(Index items) const;

  const std::filesystem::path path_;
  const std::unique_ptr<nlohmann::ordered_json> manifest_;
  std::set<std::string> named_;  ///< files in the manifest
  std::vector<std::unique_ptr<io::NpyView>> files_;
  std::size_t user_floats_ = 0, item_floats_ = 0;
  std::map<Index, Users> users_;  ///< by their first
  std::vector<Items> items_;
  std::span<const float> theta_;
};

/// What of the epoch under way was trained: manifest["epoch"]["done"]. Throws Error(kBadInput).
nlohmann::ordered_json DoneToJson(const scheduler::SlicesDone& done);
scheduler::SlicesDone DoneFromJson(const nlohmann::ordered_json& json);

}  // namespace attune::launch
