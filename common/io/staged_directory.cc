#include "common/io/staged_directory.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <nlohmann/json.hpp>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "common/error.h"
#include "common/io/json_file.h"
#include "common/io/json_text.h"
#include "common/io/part_file.h"
#include "common/io/paths.h"
#include "common/log.h"
#include "common/thread.h"

namespace attune::io {
namespace fs = std::filesystem;
namespace {

void Sync(const fs::path& path, bool directory) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | (directory ? O_DIRECTORY : 0));
  if (fd < 0) ThrowFailed("{}: cannot open to sync: {}", path.string(), ErrnoText(errno));
  const bool synced = fsync(fd) == 0 || errno == EINVAL;
  const int error = errno;
  close(fd);
  if (!synced) ThrowFailed("{}: cannot sync: {}", path.string(), ErrnoText(error));
}

/// Syncs every file and directory below `path`, several at once: a sync is mostly waiting.
void SyncAllBelow(const fs::path& path) {
  constexpr unsigned kAtOnce = 8;
  std::vector<fs::directory_entry> entries;
  for (const auto& entry : fs::recursive_directory_iterator(path)) entries.push_back(entry);
  ParallelFor(kAtOnce, entries.size(), "sync", [&](unsigned /*thread*/, std::size_t n) {
    Sync(entries[n].path(), entries[n].is_directory());
  });
}

constexpr const char* kNew = "new";
constexpr const char* kOld = "old";

/// What a directory says that it is; empty if it does not.
std::string KindOf(const fs::path& directory, const char* description) {
  std::error_code none;
  if (!fs::exists(directory / description, none)) return {};
  try {
    const auto json = ReadJson(directory / description);
    return json.is_object() && json.contains("kind") ? PlainText(json.at("kind")) : std::string();
  } catch (const Error&) {
    return {};  // damaged: nobody knows what it was
  }
}

/// Whether a directory is the root of a file system (statx(2), Linux 5.8); it can be neither renamed nor
/// replaced.
bool IsMountPoint(const fs::path& path) {
  struct statx status {};
  return statx(AT_FDCWD, path.c_str(), AT_NO_AUTOMOUNT, 0, &status) == 0 &&
         (status.stx_attributes_mask & status.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

/// Why a directory of the wanted kind may never replace what is there; empty if it may, or nothing is there.
/// What cannot be looked into is a stranger.
std::string Obstacle(const fs::path& path, const DirectoryKind& wanted) {
  const fs::file_status status = fs::symlink_status(path);
  if (!fs::exists(status)) return {};
  const std::string kind = fs::is_directory(status) ? KindOf(path, wanted.description) : std::string();
  std::error_code none;
  if (kind == wanted.kind || (fs::is_directory(status) && fs::is_empty(path, none))) return {};
  return fmt::format("is no {}{}: it is never replaced", wanted.kind,
                     kind.empty() ? "" : fmt::format(" but an {}", kind));
}

/// Throws Error(kUsage) unless there is nothing, or what may be replaced: hours before it is.
void RequireReplaceable(const fs::path& path, bool overwrite, const std::optional<DirectoryKind>& wanted) {
  if (!fs::exists(fs::symlink_status(path))) return;
  if (!wanted) ThrowUsage("{}: exists already", path.string());
  const std::string obstacle = Obstacle(path, *wanted);
  if (!obstacle.empty())
    ThrowUsage("{}: exists already and {}; choose another --out", path.string(), obstacle);
  if (IsMountPoint(path))
    ThrowUsage("{}: is a mount point, which cannot be replaced; pass a directory in it", path.string());
  if (!overwrite)
    ThrowUsage("{}: exists already; choose another --out or pass --overwrite to replace it", path.string());
  if (access(path.c_str(), W_OK) != 0)
    ThrowUsage("{}: is protected against writing: it is not replaced; choose another --out", path.string());
}

[[noreturn]] void RefusePart(const fs::path& part, const std::string& what) {
  ThrowFailed("{}: {}, and is left alone; remove or rename it: outputs are written there until complete",
              part.string(), what);
}

/// What may be emptied has nothing of others in it.
void RequireOwnContent(const fs::path& part) {
  for (const auto& entry : fs::directory_iterator(part)) {
    const std::string name = entry.path().filename().string();
    if (name != kNew && name != kOld)
      RefusePart(part, fmt::format("holds '{}', which attune has not made", name));
  }
}

/// On a file system that cannot exchange, or that cannot leave alone what is there.
bool LacksFlags(const std::error_code& error) {
  return error == std::errc::invalid_argument || error == std::errc::function_not_supported;
}

}  // namespace

std::error_code RenameAt(const fs::path& from, const fs::path& to, unsigned flags) {
  if (renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), flags) == 0) return {};
  return {errno, std::generic_category()};
}

fs::path StagedDirectory::StagingOf(const fs::path& final_path) {
  return PartOf(FollowLinks(final_path)) / kNew;
}

StagedDirectory::StagedDirectory(const fs::path& final_path)
    : StagedDirectory(final_path, false, std::nullopt, RenameAt) {}

StagedDirectory::StagedDirectory(const fs::path& final_path, bool overwrite, const DirectoryKind& kind,
                                 RenameFunction rename)
    : StagedDirectory(final_path, overwrite, std::optional(kind), std::move(rename)) {}

StagedDirectory::StagedDirectory(const fs::path& final_path, bool overwrite,
                                 const std::optional<DirectoryKind>& kind, RenameFunction rename)
    : final_(FollowLinks(final_path)),
      part_(PartOf(final_)),
      staging_(part_ / kNew),
      old_(part_ / kOld),
      overwrite_(overwrite),
      kind_(kind),
      rename_(std::move(rename)) {
  try {
    RequireReplaceable(final_, overwrite_, kind_);
    TakePart();
    TakeBackOld();
    RequireReplaceable(final_, overwrite_, kind_);
    EmptyPart();
    fs::create_directory(staging_);
  } catch (const fs::filesystem_error& error) {
    ThrowFailed("{}: cannot create the output directory: {}", final_.string(), error.code().message());
  }
}

/// Makes the part, or takes over what a killed process left, and locks it.
void StagedDirectory::TakePart() {
  while (!TryTakePart()) {
  }
}

/// @returns false if who held the part has completed its output meanwhile, and has removed it
bool StagedDirectory::TryTakePart() {
  fs::create_directories(final_.parent_path());
  if (mkdir(part_.c_str(), 0777) != 0 && errno != EEXIST)
    throw fs::filesystem_error("", part_, std::error_code(errno, std::generic_category()));
  const fs::file_status status = fs::symlink_status(part_);
  if (!fs::exists(status)) return false;
  if (!fs::is_directory(status)) RefusePart(part_, "is no directory that attune has made");
  try {
    lock_.emplace(part_);
  } catch (const Error&) {
    if (fs::exists(part_)) throw;
    return false;
  }
  if (IsStill(part_, lock_->fd())) {
    RequireOwnContent(part_);
    return true;
  }
  lock_.reset();
  return false;
}

/// A process that was killed between the two renames has left the directory that it was to replace here. If
/// it has no other name by now it is somebody's only one.
void StagedDirectory::TakeBackOld() {
  if (!fs::exists(fs::symlink_status(old_))) return;
  const std::error_code error = PutBack();
  if (!error || (kind_ && KindOf(final_, kind_->description) == kind_->kind)) return;
  ThrowFailed("{}: is what was at {} before, and cannot be put back: {}; move it to a place of its own",
              old_.string(), final_.string(), error.message());
}

void StagedDirectory::EmptyPart() {
  fs::remove_all(staging_);
  fs::remove_all(old_);
}

StagedDirectory::~StagedDirectory() {
  if (!lock_) return;
  std::error_code ignored;
  if (!complete_) fs::remove_all(staging_, ignored);
  fs::remove(part_, ignored);  // stays as long as there is something in it
}

void StagedDirectory::Refuse(const std::string& why) const {
  std::error_code none;
  const std::string old = fs::exists(fs::symlink_status(old_, none))
                              ? fmt::format(", what was there before is in {}", old_.string())
                              : "";
  ThrowFailed(
      "{}: {}; the complete output is in {}{}: move it before the next start, which empties that directory",
      final_.string(), why, staging_.string(), old);
}

void StagedDirectory::Refuse(const std::error_code& error) const {
  Refuse("cannot be written under its name: " + error.message());
}

void StagedDirectory::Commit() {
  SyncAllBelow(staging_);
  Sync(staging_, true);
  complete_ = true;
  try {
    Publish();
  } catch (const fs::filesystem_error& error) {
    Refuse(error.code());
  }
  Sync(final_.parent_path(), true);
  try {
    EmptyPart();
    fs::remove(part_);
  } catch (const fs::filesystem_error& error) {
    log::Warning("{}: what was replaced could not be removed: {}", part_.string(), error.code().message());
  }
  lock_.reset();
}

void StagedDirectory::Publish() {
  if (!fs::exists(fs::symlink_status(final_))) return Appear();
  if (!overwrite_) Refuse("appeared while the job ran, and is not replaced");
  const std::string obstacle = Obstacle(final_, *kind_);
  if (!obstacle.empty()) Refuse("appeared while the job ran and " + obstacle);
  Replace();
}

void StagedDirectory::Appear() {
  std::error_code error = rename_(staging_, final_, RENAME_NOREPLACE);
  if (LacksFlags(error)) error = rename_(staging_, final_, 0);
  if (error) Refuse(error);
}

/// What is replaced is looked at again where nobody else can exchange it.
void StagedDirectory::Replace() {
  const fs::path replaced = Exchange();
  const std::string obstacle = Obstacle(replaced, *kind_);
  if (obstacle.empty()) return;
  Undo(replaced);
  Refuse("appeared while the job ran and " + obstacle);
}

/// Gives the output its name. @returns where what was there is now: in `new`, or in `old`
fs::path StagedDirectory::Exchange() {
  std::error_code error = rename_(staging_, final_, RENAME_EXCHANGE);
  if (!error) return staging_;
  if (!LacksFlags(error)) Refuse(error);
  // The old directory steps aside, for a moment there is none.
  error = rename_(final_, old_, 0);
  if (error) Refuse(error);
  error = rename_(staging_, final_, 0);
  if (!error) return old_;
  PutBack();
  Refuse(error);
}

/// Takes the name from the output again. What cannot be put back then stays in `old`.
void StagedDirectory::Undo(const fs::path& replaced) {
  const bool exchanged = replaced == staging_;
  const std::error_code error = rename_(final_, staging_, exchanged ? RENAME_EXCHANGE : 0);
  if (error) {
    ThrowFailed(
        "{}: is complete, but what appeared there while the job ran is in {} and cannot be put back: {}; "
        "move it before the next start, which empties that directory",
        final_.string(), replaced.string(), error.message());
  }
  if (!exchanged) PutBack();
}

/// Fails where there is something by now, other than an empty directory.
std::error_code StagedDirectory::PutBack() {
  return rename_(old_, final_, 0);
}

}  // namespace attune::io
