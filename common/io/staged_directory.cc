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

/// Throws Error(kUsage) unless there is nothing, or what may be replaced.
void RequireReplaceable(const fs::path& path, bool overwrite, const DirectoryKind& wanted) {
  if (!fs::exists(path)) return;
  const std::string kind = fs::is_directory(path) ? KindOf(path, wanted.description) : std::string();
  if (kind == wanted.kind || (fs::is_directory(path) && fs::is_empty(path))) {
    if (!overwrite)
      ThrowUsage("{}: exists already; choose another --out or pass --overwrite to replace it", path.string());
    if (access(path.c_str(), W_OK) == 0) return;  // else it could not step aside, hours later
    ThrowUsage("{}: is protected against writing: it is not replaced; choose another --out", path.string());
  }
  ThrowUsage("{}: exists already and is no {}{}: it is never replaced; choose another --out", path.string(),
             wanted.kind, kind.empty() ? "" : fmt::format(" but an {}", kind));
}

[[noreturn]] void RefusePart(const fs::path& part, const std::string& what) {
  ThrowFailed("{}: {}, and is left alone; remove or rename it: outputs are written there until complete",
              part.string(), what);
}

/// A link to a directory is none.
void RequireDirectory(const fs::path& part) {
  if (fs::symlink_status(part).type() != fs::file_type::directory)
    RefusePart(part, "is no directory that attune has made");
}

/// What may be emptied has nothing of others in it.
void RequireOwnContent(const fs::path& part) {
  for (const auto& entry : fs::directory_iterator(part)) {
    const std::string name = entry.path().filename().string();
    if (name != kNew && name != kOld)
      RefusePart(part, fmt::format("holds '{}', which attune has not made", name));
  }
}

}  // namespace

fs::path StagedDirectory::StagingOf(const fs::path& final_path) {
  return PartOf(FollowLinks(final_path)) / kNew;
}

StagedDirectory::StagedDirectory(const fs::path& final_path)
    : StagedDirectory(final_path, false, {"output"}) {}

StagedDirectory::StagedDirectory(const fs::path& final_path, bool overwrite, const DirectoryKind& kind)
    : final_(FollowLinks(final_path)), part_(PartOf(final_)), staging_(part_ / kNew), overwrite_(overwrite) {
  RequireReplaceable(final_, overwrite, kind);
  try {
    TakePart();
    PutBack();
    RequireReplaceable(final_, overwrite, kind);
    for (const char* name : {kNew, kOld}) fs::remove_all(part_ / name);
    fs::create_directory(staging_);
  } catch (const fs::filesystem_error& error) {
    ThrowFailed("{}: cannot create the output directory: {}", final_.string(), error.code().message());
  }
}

/// Makes the part, or takes over what a killed process left, and locks it.
void StagedDirectory::TakePart() {
  for (;;) {
    fs::create_directories(final_.parent_path());
    if (mkdir(part_.c_str(), 0777) != 0 && errno != EEXIST)
      throw fs::filesystem_error("", part_, std::error_code(errno, std::generic_category()));
    RequireDirectory(part_);
    lock_.emplace(part_);
    if (IsStill(part_, lock_->fd())) return RequireOwnContent(part_);
    lock_.reset();  // who held it has completed its output meanwhile, and has removed it
  }
}

/// A process that was killed between the two renames has left the directory that it was to replace here.
void StagedDirectory::PutBack() {
  if (fs::exists(part_ / kOld) && !fs::exists(final_)) fs::rename(part_ / kOld, final_);
}

StagedDirectory::~StagedDirectory() {
  if (!lock_) return;
  std::error_code ignored;
  fs::remove_all(part_, ignored);
}

void StagedDirectory::Rename(bool replaces) {
  const unsigned flags = replaces ? RENAME_EXCHANGE : RENAME_NOREPLACE;
  if (renameat2(AT_FDCWD, staging_.c_str(), AT_FDCWD, final_.c_str(), flags) == 0) return;
  if (errno != EINVAL && errno != ENOSYS) {
    ThrowFailed("{}: cannot rename to {}: {}", staging_.string(), final_.string(), ErrnoText(errno));
  }
  // A file system without these flags (NFS): the old directory steps aside, for a moment there is none.
  std::error_code error;
  if (replaces) fs::rename(final_, part_ / kOld, error);
  if (!error) fs::rename(staging_, final_, error);
  if (!error) return;
  PutBack();
  ThrowFailed("{}: cannot rename to {}: {}", staging_.string(), final_.string(), error.message());
}

void StagedDirectory::Commit() {
  SyncAllBelow(staging_);
  Sync(staging_, true);
  const bool replaces = fs::exists(final_);
  if (replaces && !overwrite_) ThrowFailed("{}: appeared while the job ran; not replaced", final_.string());
  Rename(replaces);
  Sync(final_.parent_path(), true);
  std::error_code error;
  fs::remove_all(part_, error);
  if (error) log::Warning("{}: what was replaced could not be removed: {}", part_.string(), error.message());
  lock_.reset();
}

}  // namespace attune::io
