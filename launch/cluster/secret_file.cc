#include "launch/cluster/secret_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "common/error.h"

namespace attune::launch {
namespace {

constexpr std::size_t kLeastCharacters = 16;
constexpr std::size_t kMostCharacters = 4096;

std::string Trimmed(const std::string& text) {
  constexpr const char* kSpaces = " \t\r\n";
  const auto first = text.find_first_not_of(kSpaces);
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpaces) - first + 1);
}

}  // namespace

std::string ReadSecret(const std::filesystem::path& path) {
  // A link may lead to what another user has chosen.
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
  if (fd < 0 && errno == ELOOP) {
    ThrowBadInput("secret file {}: is a symbolic link; name the file itself", path.string());
  }
  if (fd < 0) ThrowBadInput("secret file {}: {}", path.string(), ErrnoText(errno));
  struct stat status {};
  std::array<char, kMostCharacters + 1> buffer{};
  const bool known = fstat(fd, &status) == 0;
  const ssize_t got = known && S_ISREG(status.st_mode) ? read(fd, buffer.data(), buffer.size()) : -1;
  close(fd);
  if (got < 0) ThrowBadInput("secret file {}: is no file that can be read", path.string());
  if (status.st_uid != geteuid() || (status.st_mode & 077) != 0) {
    ThrowBadInput(
        "secret file {}: others may read it (mode {:04o}, user {}): make it yours, and chmod 600 {}",
        path.string(), status.st_mode & 07777, status.st_uid, path.string());
  }
  const std::string words = Trimmed({buffer.data(), static_cast<std::size_t>(got)});
  if (words.size() < kLeastCharacters || words.size() > kMostCharacters) {
    ThrowBadInput(
        "secret file {}: has {} characters, and needs {} to {}; make one with: (umask 077; openssl rand "
        "-base64 "
        "32 > {})",
        path.string(), words.size(), kLeastCharacters, kMostCharacters, path.string());
  }
  return words;
}

}  // namespace attune::launch
