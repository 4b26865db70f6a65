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
  Watch(WaitedSignals& signals, const WatchedNode& node) : signals_(signals), node_(node) {}

  int Run() {
    pid_ = node_.start(incarnation_, false);
    while (true) {
      const auto signal = signals_.Next(std::chrono::seconds(1));
      if (signal && *signal != SIGCHLD) PassOn(*signal);
      if (last_ && Clock::now() - *last_ > node_.grace) killed_ = kill(pid_, SIGKILL) == 0;
      int status = 0;
      if (waitpid(pid_, &status, WNOHANG) != pid_) continue;
      if (Meant(status)) return WEXITSTATUS(status);
      const bool next_life = WIFEXITED(status) && WEXITSTATUS(status) == kNextLife;
      if (next_life && told_ > 0 && !node_.needed) return 0;  // it was to leave, and the job does not know it
      if (!MayGoOn(next_life)) {
        ThrowFailed("{}: its process was ended by {}{}", node_.where, HowItEnded(status), node_.advice);
      }
      if (!next_life) {
        log::Warning("{}: its process was ended by {}; it is started again", node_.where, HowItEnded(status));
      }
      pid_ = node_.start(++incarnation_, next_life);
      if (told_ > 0) kill(pid_, SIGTERM);
      if (last_) last_ = Clock::now();
    }
  }

 private:
  bool MayGoOn(bool next_life) {
    if (node_.is_over && node_.is_over()) return MayRestart();
    if (killed_ || (told_ > 0 && !node_.needed)) return false;
    return next_life || MayRestart();
  }

  void PassOn(int signal) {
    kill(pid_, signal);
    if (signal == SIGUSR1 || signal == SIGUSR2 || signal == SIGHUP) return;
    ++told_;
    if (!last_ && (node_.ends || told_ > 1)) last_ = Clock::now();
  }

  bool MayRestart() {
    const auto now = Clock::now();
    while (!started_.empty() && now - started_.front() > std::chrono::minutes(1)) started_.pop_front();
    started_.push_back(now);
    return started_.size() <= node_.restarts;
  }

  WaitedSignals& signals_;
  const WatchedNode& node_;
  unsigned incarnation_ = 0;
  pid_t pid_ = 0;
  unsigned told_ = 0;                      ///< how often it was told to end
  std::optional<Clock::time_point> last_;  ///< when its time to end began
  bool killed_ = false;                    ///< as that was over
  std::deque<Clock::time_point> started_;  ///< again, in the last minute
};

}  // namespace

int WatchNode(WaitedSignals& signals, const WatchedNode& node) {
  return Watch(signals, node).Run();
}

}  // namespace attune::launch
