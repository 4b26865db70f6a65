#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <system_error>

#include "common/io/directory_lock.h"

namespace attune::io {

/// What a directory holds, as a JSON file in it says by its "kind".
struct DirectoryKind {
  const char* kind;                           ///< "attune model"
  const char* description = "manifest.json";  ///< the file that says so
};

/// Gives `from` the name `to`, with the flags of renameat2(2). Returns why it could not.
using RenameFunction = std::function<std::error_code(const std::filesystem::path& from,
                                                     const std::filesystem::path& to, unsigned flags)>;

/// renameat2(2) itself; file systems without its flags (NFS) answer invalid_argument.
std::error_code RenameAt(const std::filesystem::path& from, const std::filesystem::path& to, unsigned flags);

/// A directory that appears under its final name all at once or not at all.
/// Files are written below its part (part_file.h), which holds `new` and, while one is replaced, `old`, and
/// nothing else. Commit() syncs everything and renames. Where that cannot be done, or what lies there by then
/// may not be replaced, the complete output stays in `new`.
/// A part that a killed process left is taken over: `old` goes back to its name, `new` is emptied. One that a
/// living process holds (flock) is refused, as is what has another's files in it.
/// A link at the end of the final name is followed. Threads: confined.
class StagedDirectory {
 public:
  /// Never replaces anything.
  explicit StagedDirectory(const std::filesystem::path& final_path);
  /// @param overwrite  whether Commit() may replace an existing `final_path`, which is empty or of this kind
  /// @param rename     what Commit() renames with
  /// Errors: Error(kUsage) if `final_path` exists and may not be replaced, or is a mount point;
  ///         Error(kFailed) if the directory cannot be created or another process is writing it, or if what a
  ///         killed process was to replace is in the part and cannot go back.
  StagedDirectory(const std::filesystem::path& final_path, bool overwrite, const DirectoryKind& kind,
                  RenameFunction rename = RenameAt);
  /// Removes the part and `new`, unless that is complete. Never removes `old`.
  ~StagedDirectory();
  StagedDirectory(const StagedDirectory&) = delete;
  StagedDirectory& operator=(const StagedDirectory&) = delete;

  /// Where the files of a directory are written before it has its final name.
  static std::filesystem::path StagingOf(const std::filesystem::path& final_path);

  /// Where to write the files.
  const std::filesystem::path& path() const { return staging_; }

  /// Makes the directory durable and gives it its final name; an older one is exchanged, then removed.
  /// Throws Error(kFailed), naming where the output is, if something else has appeared there or it cannot be
  /// renamed.
  void Commit();

 private:
  StagedDirectory(const std::filesystem::path& final_path, bool overwrite,
                  const std::optional<DirectoryKind>& kind, RenameFunction rename);
  void TakePart();
  bool TryTakePart();
  void TakeBackOld();
  void EmptyPart();

  void Publish();
  void Appear();
  void Replace();
  std::filesystem::path Exchange();
  void Undo(const std::filesystem::path& replaced);
  std::error_code PutBack();
  [[noreturn]] void Refuse(const std::string& why) const;
  [[noreturn]] void Refuse(const std::error_code& error) const;

  const std::filesystem::path final_;
  const std::filesystem::path part_;
  const std::filesystem::path staging_;  ///< `new`
  const std::filesystem::path old_;
  const bool overwrite_;
  const std::optional<DirectoryKind> kind_;  ///< that may be replaced; without, nothing is
  const RenameFunction rename_;
  bool complete_ = false;  ///< what is in `new` is worth more than the room that it takes
  std::optional<DirectoryLock> lock_;
};

}  // namespace attune::io
