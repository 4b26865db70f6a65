#include "launch/cluster/node_watch.h"

#include <signal.h>
#include <sys/wait.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <deque>
#include <optional>

#include "common/error.h"
#include "common/log.h"

namespace attune::launch {
namespace {

using Clock = std::chrono::steady_clock;
/// What a node may take to end after it was told to.
constexpr std::chrono::seconds kGrace(60);
/// Greatest exit code that a node chooses itself (ErrorKind).
constexpr int kChosenCodes = 4;

std::string HowItEnded(int status) {
  if (WIFSIGNALED(status))
    return fmt::format("signal {} ({})", WTERMSIG(status), strsignal(WTERMSIG(status)));
  return fmt::format("exit code {}", WEXITSTATUS(status));
}

/// Whether the node ended because it meant to.
bool Meant(int status) {
  return WIFEXITED(status) && WEXITSTATUS(status) <= kChosenCodes;
}

class Watch {
 public:
  Watch(WaitedSignals& signals, const std::function<pid_t(unsigned)>& start, unsigned restarts, bool ends,
        const std::string& where)
      : signals_(signals), start_(start), restarts_(restarts), ends_(ends), where_(where) {}

  int Run() {
    pid_ = start_(incarnation_);
    while (true) {
      const auto signal = signals_.Next(std::chrono::seconds(1));
      if (signal && *signal != SIGCHLD) PassOn(*signal);
      if (last_ && Clock::now() - *last_ > kGrace) kill(pid_, SIGKILL);
      int status = 0;
      if (waitpid(pid_, &status, WNOHANG) != pid_) continue;
      if (Meant(status)) return WEXITSTATUS(status);
      if (told_ > 0 || !MayRestart()) {
        ThrowFailed("{}: its process was ended by {}", where_, HowItEnded(status));
      }
      log::Warning("{}: its process was ended by {}; it is started again", where_, HowItEnded(status));
      pid_ = start_(++incarnation_);
    }
  }

 private:
  void PassOn(int signal) {
    kill(pid_, signal);
    if (signal == SIGUSR1 || signal == SIGUSR2 || signal == SIGHUP) return;
    ++told_;
    if (!last_ && (ends_ || told_ > 1)) last_ = Clock::now();
  }

  bool MayRestart() {
    const auto now = Clock::now();
    while (!started_.empty() && now - started_.front() > std::chrono::minutes(1)) started_.pop_front();
    started_.push_back(now);
    return started_.size() <= restarts_;
  }

  WaitedSignals& signals_;
  const std::function<pid_t(unsigned)>& start_;
  const unsigned restarts_;
  const bool ends_;
  const std::string& where_;
  unsigned incarnation_ = 0;
  pid_t pid_ = 0;
  unsigned told_ = 0;                      ///< how often it was told to end
  std::optional<Clock::time_point> last_;  ///< when its last minute began
  std::deque<Clock::time_point> started_;  ///< again, in the last minute
};

}  // namespace

int WatchNode(WaitedSignals& signals, const std::function<pid_t(unsigned incarnation)>& start,
              unsigned restarts, bool ends, const std::string& where) {
  return Watch(signals, start, restarts, ends, where).Run();
}

}  // namespace attune::launch
