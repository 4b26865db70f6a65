#pragma once

#include <filesystem>
#include <optional>

#include "common/io/directory_lock.h"

namespace attune::io {

/// What a directory holds, as a JSON file in it says by its "kind".
struct DirectoryKind {
  const char* kind;                           ///< "attune model"
  const char* description = "manifest.json";  ///< the file that says so
};

/// A directory that appears under its final name all at once or not at all.
/// Files are written below its part (part_file.h), which holds `new` and, while one is replaced, `old`, and
/// nothing else. Commit() syncs everything and renames. A part that a killed process left is taken over and
/// emptied; one that a living process holds (flock) is refused, as is what has another's files in it.
/// A link at the end of the final name is followed. Threads: confined.
class StagedDirectory {
 public:
  /// Never replaces anything.
  explicit StagedDirectory(const std::filesystem::path& final_path);
  /// @param overwrite  whether Commit() may replace an existing `final_path`, which is empty or of this kind
  /// Errors: Error(kUsage) if `final_path` exists and may not be replaced;
  ///         Error(kFailed) if the directory cannot be created or another process is writing it.
  StagedDirectory(const std::filesystem::path& final_path, bool overwrite, const DirectoryKind& kind);
  /// Removes the part unless committed.
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
  void TakePart();
  void PutBack();
  void Rename(bool replaces);

  const std::filesystem::path final_;
  const std::filesystem::path part_;
  const std::filesystem::path staging_;
  const bool overwrite_;
  std::optional<DirectoryLock> lock_;
};

}  // namespace attune::io
