#include "launch/runs/process_pool.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "common/error.h"
#include "launch/cluster/child_process.h"

namespace attune::launch {
namespace {

/// What commands may take to end when they are told to.
constexpr std::chrono::seconds kGrace(10);

/// A file that is open for writing as long as this lives.
class Redirection {
 public:
  explicit Redirection(const std::filesystem::path& path)
      : fd_(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)) {
    if (fd_ < 0) ThrowFailed("{}: cannot write: {}", path.string(), ErrnoText(errno));
  }
  ~Redirection() { close(fd_); }
  Redirection(const Redirection&) = delete;
  Redirection& operator=(const Redirection&) = delete;
  int fd() const { return fd_; }

 private:
  int fd_;
};

/// Puts the launcher before a command.
void Launch(const std::vector<std::string>& launcher, ChildProcess& child) {
  if (launcher.empty()) return;
  std::vector<std::string> words(launcher.begin() + 1, launcher.end());
  if (launcher.front() != "attune") {
    child.program = launcher.front();
    words.push_back(std::filesystem::read_symlink("/proc/self/exe").string());
  }
  child.arguments.insert(child.arguments.begin(), words.begin(), words.end());
}

}  // namespace

ProcessPool::~ProcessPool() {
  Stop();
}

void ProcessPool::Start(std::size_t id, std::vector<std::string> arguments,
                        const std::vector<std::string>& launcher, const std::filesystem::path& output,
                        const std::filesystem::path& errors) {
  const Redirection out(output);
  const Redirection err(errors);
  ChildProcess child;
  child.arguments = std::move(arguments);
  child.environment = EnvironmentWithout({});
  child.output = out.fd();
  child.errors = err.fd();
  Launch(launcher, child);
  processes_.push_back({StartChild(child), id, child.program});
}

std::optional<ProcessPool::Ended> ProcessPool::Reap() {
  for (auto process = processes_.begin(); process != processes_.end(); ++process) {
    int status = 0;
    if (waitpid(process->pid, &status, WNOHANG) != process->pid) continue;
    const int signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    const int code = signal == 0 ? WEXITSTATUS(status) : 128 + signal;
    Ended ended{process->id, code, signal, std::move(process->program)};
    processes_.erase(process);
    return ended;
  }
  return std::nullopt;
}

std::optional<ProcessPool::Ended> ProcessPool::Wait(std::chrono::milliseconds wait) {
  const auto deadline = std::chrono::steady_clock::now() + wait;
  while (!interrupted_) {
    if (auto ended = Reap()) return ended;
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return std::nullopt;
    const auto signal = signals_.Next(left);
    if (signal && (*signal == SIGINT || *signal == SIGTERM || *signal == SIGHUP)) interrupted_ = true;
  }
  return std::nullopt;
}

void ProcessPool::Signal(int number) const {
  // A launcher is told alone, and tells its ranks; what has to be killed is killed with all that it began.
  for (const Process& process : processes_) kill(number == SIGKILL ? -process.pid : process.pid, number);
}

void ProcessPool::Stop() {
  Signal(SIGTERM);
  const auto deadline = std::chrono::steady_clock::now() + kGrace;
  while (!processes_.empty()) {
    if (std::chrono::steady_clock::now() > deadline) Signal(SIGKILL);
    if (!Reap()) signals_.Next(std::chrono::milliseconds(100));
  }
}

}  // namespace attune::launch
