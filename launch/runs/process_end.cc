#include "launch/runs/process_end.h"

#include <fmt/core.h>
#include <string.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "common/error.h"
#include "launch/runs/kept_runs.h"

namespace attune::launch {
namespace {

namespace fs = std::filesystem;

/// 0, or the errno value of starting this file.
int StartError(const fs::path& file) {
  if (access(file.c_str(), X_OK) != 0) return errno;
  std::error_code ignored;
  return fs::is_directory(file, ignored) ? EACCES : 0;
}

/// As execvp looks for it: one that may not be run is told of only where there is no other.
int SearchError(const std::string& program) {
  const char* const path = std::getenv("PATH");
  const std::string directories = path == nullptr ? "/bin:/usr/bin" : path;
  int error = ENOENT;
  for (std::size_t begin = 0; begin <= directories.size();) {
    const std::size_t end = std::min(directories.find(':', begin), directories.size());
    const int here =
        StartError(fs::path(directories.substr(begin, end - begin)) / program);  // empty: where we are
    if (here == 0) return 0;
    if (here == EACCES) error = here;
    begin = end + 1;
  }
  return error;
}

std::string KilledBy(int signal) {
  const char* const meaning = sigdescr_np(signal);
  return fmt::format("killed by signal {} ({})", signal, meaning == nullptr ? "unknown" : meaning);
}

}  // namespace

std::string WhyNotStarted(const std::string& program) {
  const int error = program.find('/') == std::string::npos ? SearchError(program) : StartError(program);
  return error == 0 ? "" : ErrnoText(error);
}

std::string WhyEnded(const ProcessPool::Ended& ended, const fs::path& log) {
  constexpr int kNotStarted = 127;  // of StartChild(), and of shells
  const std::string said = LastLine(log);
  if (ended.signal != 0) return KilledBy(ended.signal) + (said.empty() ? "" : "; it last said: " + said);
  std::string why = said.empty() ? "it said nothing" : said;
  if (said.empty() && ended.code == kNotStarted && !ended.program.empty()) {
    const std::string reason = WhyNotStarted(ended.program);
    if (!reason.empty()) why = fmt::format("cannot start {}: {}", ended.program, reason);
  }
  return fmt::format("{} (exit code {})", why, ended.code);
}

void RequireLauncher(const std::vector<std::string>& words) {
  if (words.empty() || words.front() == "attune") return;
  const std::string reason = WhyNotStarted(words.front());
  if (!reason.empty()) ThrowUsage("--launcher: cannot start {}: {}", words.front(), reason);
}

}  // namespace attune::launch
