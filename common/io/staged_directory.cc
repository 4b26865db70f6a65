#include "common/io/staged_directory.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>
#include <vector>

#include "common/error.h"
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

void Empty(const fs::path& directory) {
  for (const auto& entry : fs::directory_iterator(directory)) fs::remove_all(entry.path());
}

/// Whether --overwrite may replace it: what a command of ours made, or an empty directory.
bool IsReplaceable(const fs::path& path, const char* marker) {
  return fs::is_directory(path) && (fs::exists(path / marker) || fs::is_empty(path));
}

/// Without a trailing slash, so that ".tmp" is appended to the name.
fs::path Normalised(const fs::path& path) {
  fs::path normal = fs::absolute(path).lexically_normal();
  return normal.has_filename() ? normal : normal.parent_path();
}

}  // namespace

fs::path StagedDirectory::StagingOf(const fs::path& final_path) {
  fs::path staging = Normalised(final_path);
  staging += ".tmp";
  return staging;
}

StagedDirectory::StagedDirectory(const fs::path& final_path, bool overwrite, const char* marker)
    : final_(Normalised(final_path)), staging_(StagingOf(final_path)), overwrite_(overwrite) {
  if (fs::exists(final_) && !overwrite_) {
    ThrowUsage("{}: exists already; choose another --out or pass --overwrite to replace it",
               final_path.string());
  }
  if (fs::exists(final_) && !IsReplaceable(final_, marker)) {
    ThrowUsage("{}: is neither empty nor a directory with a {}; --overwrite does not replace it",
               final_path.string(), marker);
  }
  try {
    fs::create_directories(staging_);
  } catch (const fs::filesystem_error& error) {
    ThrowFailed("{}: cannot create the output directory: {}", staging_.string(), error.code().message());
  }
  lock_.emplace(staging_);
  try {
    Empty(staging_);
  } catch (const fs::filesystem_error& error) {
    lock_.reset();
    ThrowFailed("{}: cannot empty what an earlier run left: {}", staging_.string(), error.what());
  }
}

StagedDirectory::~StagedDirectory() {
  if (!lock_) return;
  std::error_code ignored;
  fs::remove_all(staging_, ignored);
}

void StagedDirectory::Rename(bool replaces) {
  const unsigned flags = replaces ? RENAME_EXCHANGE : RENAME_NOREPLACE;
  if (renameat2(AT_FDCWD, staging_.c_str(), AT_FDCWD, final_.c_str(), flags) == 0) return;
  if (errno != EINVAL && errno != ENOSYS) {
    ThrowFailed("{}: cannot rename to {}: {}", staging_.string(), final_.string(), ErrnoText(errno));
  }
  // A file system without these flags (NFS): the old directory steps aside, for a moment there is none.
  fs::path aside = final_;
  aside += ".old";
  if (replaces) fs::rename(final_, aside);
  fs::rename(staging_, final_);
  if (replaces) fs::rename(aside, staging_);
}

void StagedDirectory::Commit() {
  SyncAllBelow(staging_);
  Sync(staging_, true);
  const bool replaces = fs::exists(final_);
  if (replaces && !overwrite_) ThrowFailed("{}: appeared while the job ran; not replaced", final_.string());
  Rename(replaces);
  Sync(final_.parent_path(), true);
  lock_.reset();
  if (!replaces) return;
  std::error_code error;
  fs::remove_all(staging_, error);
  if (error)
    log::Warning("{}: the replaced output could not be removed: {}", staging_.string(), error.message());
}

}  // namespace attune::io
