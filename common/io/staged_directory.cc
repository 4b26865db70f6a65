#include "common/io/staged_directory.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "common/error.h"
#include "common/log.h"

namespace attune::io {
namespace fs = std::filesystem;
namespace {

void SyncDirectory(const fs::path& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) ThrowFailed("{}: cannot open to sync: {}", path.string(), ErrnoText(errno));
  const bool synced = fsync(fd) == 0 || errno == EINVAL;
  const int error = errno;
  close(fd);
  if (!synced) ThrowFailed("{}: cannot sync: {}", path.string(), ErrnoText(error));
}

void Empty(const fs::path& directory) {
  for (const auto& entry : fs::directory_iterator(directory)) fs::remove_all(entry.path());
}

/// Without a trailing slash, so that ".tmp" is appended to the name.
fs::path Normalised(const fs::path& path) {
  fs::path normal = fs::absolute(path).lexically_normal();
  return normal.has_filename() ? normal : normal.parent_path();
}

}  // namespace

StagedDirectory::StagedDirectory(const fs::path& final_path, bool overwrite)
    : final_(Normalised(final_path)), staging_(final_), overwrite_(overwrite) {
  staging_ += ".tmp";
  if (fs::exists(final_) && !overwrite_) {
    ThrowUsage("{}: exists already; choose another --out or pass --overwrite to replace it",
               final_path.string());
  }
  try {
    fs::create_directories(staging_);
  } catch (const fs::filesystem_error& error) {
    ThrowFailed("{}: cannot create the output directory: {}", staging_.string(), error.code().message());
  }
  lock_ = open(staging_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (lock_ < 0) ThrowFailed("{}: cannot open: {}", staging_.string(), ErrnoText(errno));
  if (flock(lock_, LOCK_EX | LOCK_NB) != 0) {
    const int error = errno;
    close(std::exchange(lock_, -1));
    if (error == EWOULDBLOCK) ThrowFailed("{}: another process is writing this output", staging_.string());
    ThrowFailed("{}: cannot lock: {}", staging_.string(), ErrnoText(error));
  }
  try {
    Empty(staging_);
  } catch (const fs::filesystem_error& error) {
    close(std::exchange(lock_, -1));
    ThrowFailed("{}: cannot empty what an earlier run left: {}", staging_.string(), error.what());
  }
}

StagedDirectory::~StagedDirectory() {
  if (lock_ < 0) return;
  std::error_code ignored;
  fs::remove_all(staging_, ignored);
  close(lock_);
}

void StagedDirectory::Commit() {
  for (const auto& entry : fs::recursive_directory_iterator(staging_)) {
    if (entry.is_directory()) SyncDirectory(entry.path());
  }
  SyncDirectory(staging_);
  const bool replaces = fs::exists(final_);
  if (replaces && !overwrite_) ThrowFailed("{}: appeared while the job ran; not replaced", final_.string());
  const unsigned flags = replaces ? RENAME_EXCHANGE : RENAME_NOREPLACE;
  if (renameat2(AT_FDCWD, staging_.c_str(), AT_FDCWD, final_.c_str(), flags) != 0) {
    ThrowFailed("{}: cannot rename to {}: {}", staging_.string(), final_.string(), ErrnoText(errno));
  }
  SyncDirectory(final_.parent_path());
  close(std::exchange(lock_, -1));
  if (!replaces) return;
  std::error_code error;
  fs::remove_all(staging_, error);
  if (error)
    log::Warning("{}: the replaced output could not be removed: {}", staging_.string(), error.message());
}

}  // namespace attune::io
