#include "common/io/part_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <string_view>

#include "common/error.h"

namespace attune::io {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kBefore = ".";
constexpr std::string_view kAfter = ".attune-part";

/// A name that only attune uses has come to mean something else.
[[noreturn]] void RefuseStranger(const fs::path& part) {
  ThrowFailed("{}: is no file that attune has made, and is left alone; remove or rename it", part.string());
}

int Open(const fs::path& output, const fs::path& part) {
  const int fd = open(part.c_str(), O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0644);
  if (fd >= 0) return fd;
  // A link, a FIFO or socket, a directory.
  if (errno == ELOOP || errno == ENXIO || errno == EISDIR) RefuseStranger(part);
  ThrowFailed("{}: cannot create: {}", output.string(), ErrnoText(errno));
}

/// Another name of the same file would see it change.
void RequireOwnFile(int fd, const fs::path& part) {
  struct stat status {};
  if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) || status.st_nlink > 1) RefuseStranger(part);
}

void Lock(int fd, const fs::path& output) {
  if (flock(fd, LOCK_EX | LOCK_NB) == 0) return;
  if (errno == EWOULDBLOCK) ThrowFailed("{}: another process is writing this output", output.string());
  ThrowFailed("{}: cannot lock: {}", PartOf(output).string(), ErrnoText(errno));
}

void Empty(int fd, const fs::path& part) {
  if (ftruncate(fd, 0) != 0) ThrowFailed("{}: cannot empty: {}", part.string(), ErrnoText(errno));
}

}  // namespace

fs::path PartOf(const fs::path& output) {
  return output.parent_path() / (std::string(kBefore) + output.filename().string() + std::string(kAfter));
}

fs::path OutputOfPart(const fs::path& path) {
  const std::string name = path.filename().string();
  const std::size_t around = kBefore.size() + kAfter.size();
  if (name.size() <= around || !name.starts_with(kBefore) || !name.ends_with(kAfter)) return {};
  return path.parent_path() / name.substr(kBefore.size(), name.size() - around);
}

bool IsStill(const fs::path& path, int fd) {
  struct stat named {
  }, opened{};
  return lstat(path.c_str(), &named) == 0 && fstat(fd, &opened) == 0 && named.st_dev == opened.st_dev &&
         named.st_ino == opened.st_ino;
}

int OpenPartFile(const fs::path& output) {
  const fs::path part = PartOf(output);
  for (;;) {
    const int fd = Open(output, part);
    try {
      RequireOwnFile(fd, part);
      Lock(fd, output);
      // Else who held it has completed its output meanwhile: the name is free again.
      if (IsStill(part, fd)) {
        Empty(fd, part);
        return fd;
      }
    } catch (const Error&) {
      close(fd);
      throw;
    }
    close(fd);
  }
}

}  // namespace attune::io
