#pragma once

#include <filesystem>
#include <optional>

#include "common/io/directory_lock.h"

namespace attune::io {

/// A directory that appears under its final name all at once or not at all.
/// Files are written to `<final>.tmp`; Commit() syncs everything and renames. A staging directory that a
/// killed process left is taken over and emptied; one that a living process holds (flock) is refused.
/// Threads: confined.
class StagedDirectory {
 public:
  /// @param overwrite  whether an existing `final_path` may be replaced by Commit(); only a directory that is
  ///                   empty or has a file named `marker` ever is
  /// Errors: Error(kUsage) if `final_path` exists and may not be replaced;
  ///         Error(kFailed) if the directory cannot be created or another process is writing it.
  StagedDirectory(const std::filesystem::path& final_path, bool overwrite,
                  const char* marker = "manifest.json");
  /// Removes the staging directory unless committed.
  ~StagedDirectory();
  StagedDirectory(const StagedDirectory&) = delete;
  StagedDirectory& operator=(const StagedDirectory&) = delete;

  /// Where the files of a directory are written before it has its final name.
  static std::filesystem::path StagingOf(const std::filesystem::path& final_path);

  /// Where to write the files.
  const std::filesystem::path& path() const { return staging_; }

  /// Makes the directory durable and gives it its final name; an older one is exchanged, then removed.
  void Commit();

 private:
  void Rename(bool replaces);

  std::filesystem::path final_;
  std::filesystem::path staging_;
  bool overwrite_;
  std::optional<DirectoryLock> lock_;
};

}  // namespace attune::io
