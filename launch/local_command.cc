#include "launch/local_command.h"

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <chrono>
#include <optional>

#include "common/error.h"
#include "launch/cluster/child_process.h"
#include "launch/cluster/host_identity.h"
#include "launch/cluster/local_rendezvous.h"
#include "launch/cluster/waited_signals.h"
#include "launch/standard_streams.h"

namespace attune::launch {
namespace {

constexpr const char* kUsage =
    "Usage: attune local -n N [--hosts H] COMMAND [settings]\n\n"
    "Runs a command as N ranks on this host, as 'mpirun -n N attune COMMAND' would, without MPI.\n"
    "With --hosts H the ranks behave as if they were on H hosts: they share no memory, and exchange\n"
    "messages over loopback. For trying out what a cluster would do.\n"
    "Ends with the exit code of the first rank that fails, else 0.\n";
constexpr unsigned kMostRanks = 1024;
/// What ranks may take to end after one has failed.
constexpr std::chrono::seconds kGrace(10);

struct Plan {
  unsigned ranks = 0;
  unsigned hosts = 1;
  std::vector<std::string> command;
};

unsigned NumberOf(const std::string& text, const char* flag, unsigned most) {
  unsigned number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size() || number == 0 || number > most)
    ThrowUsage("attune local {} {}: expected a whole number from 1 to {}", flag, text, most);
  return number;
}

Plan ParsePlan(const std::vector<std::string>& arguments) {
  Plan plan;
  std::size_t at = 0;
  for (; at + 1 < arguments.size() && arguments[at].starts_with("-"); at += 2) {
    const std::string& flag = arguments[at];
    if (flag == "-n") {
      plan.ranks = NumberOf(arguments[at + 1], "-n", kMostRanks);
    } else if (flag == "--hosts") {
      plan.hosts = NumberOf(arguments[at + 1], "--hosts", kMostRanks);
    } else {
      ThrowUsage("attune local: unknown flag {}; it takes -n and --hosts, then a command", flag);
    }
  }
  plan.command.assign(arguments.begin() + static_cast<std::ptrdiff_t>(at), arguments.end());
  if (plan.ranks == 0 || plan.command.empty()) ThrowUsage("attune local: expected -n N and a command");
  if (plan.hosts > plan.ranks)
    ThrowUsage("attune local --hosts {}: there are only {} ranks", plan.hosts, plan.ranks);
  return plan;
}

class LocalRanks {
 public:
  explicit LocalRanks(const Plan& plan) {
    std::vector<int> sockets;
    for (unsigned rank = 0; rank < plan.ranks; ++rank) Start(plan, rank);
    for (const Rank& rank : ranks_) sockets.push_back(rank.socket);
    exchange_.emplace(std::move(sockets));
  }
  ~LocalRanks() {
    for (Rank& rank : ranks_) {
      if (rank.socket >= 0) close(rank.socket);
    }
  }
  LocalRanks(const LocalRanks&) = delete;
  LocalRanks& operator=(const LocalRanks&) = delete;

  int Run() {
    while (running_ > 0) {
      Wait();
      if (ending_ && std::chrono::steady_clock::now() > *ending_) Signal(SIGKILL);
    }
    return code_;
  }

 private:
  struct Rank {
    pid_t pid = 0;
    int socket = -1;
    bool ended = false;
  };

  void Start(const Plan& plan, unsigned number) {
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
      ThrowFailed("cannot start rank {}: {}", number, ErrnoText(errno));
    ChildProcess child;
    child.arguments = plan.command;
    child.environment = EnvironmentWithout({kLocalVariable, kPretendedHostVariable});
    if (plan.hosts > 1) {
      // Consecutive ranks are on one host, as mpirun would place them.
      const unsigned host = number * plan.hosts / plan.ranks;
      child.environment.push_back(fmt::format("{}={}", kPretendedHostVariable, host));
    }
    child.environment.push_back(fmt::format("{}={}:{}:{}", kLocalVariable, number, plan.ranks, pair[1]));
    child.descriptors = {pair[1]};
    ranks_.push_back({StartChild(child), pair[0], false});
    close(pair[1]);
    ++running_;
  }

  void Wait() {
    std::vector<pollfd> polled;
    for (const Rank& rank : ranks_) polled.push_back({rank.socket, POLLIN, 0});
    polled.push_back({signals_.fd(), POLLIN, 0});
    poll(polled.data(), polled.size(), 1000);
    for (unsigned rank = 0; rank < ranks_.size(); ++rank) {
      if (polled[rank].revents == 0 || exchange_->Read(rank)) continue;
      close(ranks_[rank].socket);  // it needs no more exchanges
      ranks_[rank].socket = -1;
    }
    for (auto signal = signals_.Next(); signal; signal = signals_.Next()) {
      if (*signal != SIGCHLD) Signal(*signal);
    }
    Reap();
  }

  void Reap() {
    for (Rank& rank : ranks_) {
      int status = 0;
      if (rank.ended || waitpid(rank.pid, &status, WNOHANG) != rank.pid) continue;
      rank.ended = true;
      --running_;
      const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
      if (code == 0 || ending_) continue;
      code_ = code;
      ending_ = std::chrono::steady_clock::now() + kGrace;
      Signal(SIGTERM);
    }
  }

  void Signal(int number) {
    for (const Rank& rank : ranks_) {
      if (!rank.ended) kill(rank.pid, number);
    }
  }

  WaitedSignals signals_;  // first: children are started with signals blocked here
  std::vector<Rank> ranks_;
  std::optional<LocalExchange> exchange_;
  unsigned running_ = 0;
  int code_ = 0;
  std::optional<std::chrono::steady_clock::time_point> ending_;  ///< when what still runs is killed
};

}  // namespace

int RunLocal(const std::vector<std::string>& arguments) {
  if (arguments.size() == 1 && (arguments[0] == "--help" || arguments[0] == "-h")) {
    WriteStandardOutput(kUsage);
    return 0;
  }
  const Plan plan = ParsePlan(arguments);
  return LocalRanks(plan).Run();
}

}  // namespace attune::launch
