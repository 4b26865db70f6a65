#include "common/io/special_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "common/error.h"

namespace attune::io {
namespace {

/// A duplicate of standard output or error, if `status` is of what it goes to.
std::optional<int> OfStandardStream(const struct stat& status) {
  for (const int stream : {STDOUT_FILENO, STDERR_FILENO}) {
    struct stat of_stream {};
    if (fstat(stream, &of_stream) != 0) continue;
    if (of_stream.st_dev != status.st_dev || of_stream.st_ino != status.st_ino) continue;
    const int fd = fcntl(stream, F_DUPFD_CLOEXEC, 0);
    if (fd >= 0) return fd;
  }
  return std::nullopt;
}

}  // namespace

std::optional<int> OpenSpecialFile(const std::filesystem::path& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) return std::nullopt;
  if (const auto stream = OfStandardStream(status)) return stream;
  if (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode)) return std::nullopt;
  const int fd = open(path.c_str(), O_WRONLY | O_NOCTTY | O_CLOEXEC);
  if (fd < 0) ThrowFailed("{}: cannot open: {}", path.string(), ErrnoText(errno));
  return fd;
}

}  // namespace attune::io
