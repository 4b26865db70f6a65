#include "ps/unnamed_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string>

#include "common/error.h"
#include "common/run/format.h"

namespace attune::ps {
namespace {

std::filesystem::path Temporary() {
  const char* const variable = std::getenv("TMPDIR");
  return variable == nullptr || *variable == '\0' ? "/var/tmp" : variable;
}

int Open(const std::filesystem::path& directory) {
  const int fd = open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR)) return fd;
  // Some file systems have none without a name.
  std::string name = (directory / "attune-XXXXXX").string();
  const int named = mkostemp(name.data(), O_CLOEXEC);
  if (named >= 0) unlink(name.c_str());
  return named;
}

}  // namespace

int UnnamedFile(const std::filesystem::path& directory, std::uint64_t bytes) {
  const std::filesystem::path where = directory.empty() ? Temporary() : directory;
  const int fd = Open(where);
  if (fd < 0) ThrowFailed("{}: cannot create a file for the tables: {}", where.string(), ErrnoText(errno));
  const int error = posix_fallocate(fd, 0, static_cast<off_t>(bytes));
  if (error == 0) return fd;
  close(fd);
  ThrowFailed("{}: cannot take {} for the tables: {}; choose another directory with --shm-dir",
              where.string(), FormatBytes(bytes), ErrnoText(error));
}

}  // namespace attune::ps
