#include "launch/lost_file.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "common/error.h"

namespace attune::launch {
namespace {

// A signal handler may use nothing but async-signal-safe calls: no allocation, no streams.

constexpr std::size_t kLongestLine = 8192;

void Say(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(STDERR_FILENO, text.data(), text.size());
    if (written <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

/// Takes a hexadecimal number from the front of `text`.
std::uintptr_t TakeHex(std::string_view& text) {
  std::uintptr_t value = 0;
  for (; !text.empty(); text.remove_prefix(1)) {
    const char c = text.front();
    if (c >= '0' && c <= '9') {
      value = value * 16 + static_cast<std::uintptr_t>(c - '0');
    } else if (c >= 'a' && c <= 'f') {
      value = value * 16 + static_cast<std::uintptr_t>(c - 'a' + 10);
    } else {
      break;
    }
  }
  return value;
}

/// The path in a line of /proc/self/maps ("begin-end rights offset device inode path") if it holds `address`.
std::string_view PathAt(std::string_view line, std::uintptr_t address) {
  const std::uintptr_t begin = TakeHex(line);
  if (line.empty()) return {};
  line.remove_prefix(1);
  const std::uintptr_t end = TakeHex(line);
  const std::size_t path = line.find('/');
  if (address < begin || address >= end || path == std::string_view::npos) return {};
  return line.substr(path);
}

/// Says which file is mapped at `address`.
void SayFileAt(std::uintptr_t address) {
  std::array<char, kLongestLine> line;
  const int maps = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
  std::size_t length = 0;
  for (char c = 0; maps >= 0 && read(maps, &c, 1) == 1;) {
    if (c != '\n') {
      if (length < line.size()) line[length++] = c;
      continue;
    }
    const std::string_view path = PathAt({line.data(), length}, address);
    if (!path.empty()) return Say(path);
    length = 0;
  }
  Say("a mapped file");
}

void HandleBusError(int signal_number, siginfo_t* info, void*) {
  if (info->si_code != BUS_ADRERR) {  // no file's fault
    signal(signal_number, SIG_DFL);
    raise(signal_number);
    return;
  }
  static std::atomic_flag said;
  while (said.test_and_set()) pause();  // another thread says it and ends the program
  Say("attune: error: ");
  SayFileAt(reinterpret_cast<std::uintptr_t>(info->si_addr));
  Say(": cannot be read any more: it became shorter while it was in use, or its disk failed; "
      "'attune inspect' checks data sets and models\n");
  _exit(static_cast<int>(ErrorKind::kBadInput));
}

}  // namespace

void ReportLostFiles() {
  struct sigaction action {};
  action.sa_sigaction = HandleBusError;
  action.sa_flags = SA_SIGINFO;
  sigemptyset(&action.sa_mask);
  ATTUNE_CHECK(sigaction(SIGBUS, &action, nullptr) == 0);
}

}  // namespace attune::launch
