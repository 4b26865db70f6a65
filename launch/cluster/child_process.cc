#include "launch/cluster/child_process.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <iterator>

#include "common/error.h"

namespace attune::launch {
namespace {

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

/// In the new process. Only what is safe after a fork of a process with threads.
[[noreturn]] void Become(const ChildProcess& child, char* const* arguments, char* const* environment,
                         pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);  // it ended before
  setpgid(0, 0);
  if (child.output != 1) dup2(child.output, 1);
  if (child.errors != 2) dup2(child.errors, 2);
  close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
  for (const int fd : child.descriptors) fcntl(fd, F_SETFD, 0);
  sigset_t blocked;
  sigemptyset(&blocked);
  for (const int number : child.blocked) sigaddset(&blocked, number);
  sigprocmask(SIG_SETMASK, &blocked, nullptr);
  if (child.program.empty()) {
    execve("/proc/self/exe", arguments, environment);
  } else {
    execvpe(child.program.c_str(), arguments, environment);
  }
  _exit(127);
}

}  // namespace

pid_t StartChild(const ChildProcess& child) {
  std::vector<std::string> arguments = child.arguments;
  arguments.insert(arguments.begin(), child.program.empty() ? "attune" : child.program);
  std::vector<std::string> environment = child.environment;
  const std::vector<char*> argument_pointers = Pointers(arguments);
  const std::vector<char*> environment_pointers = Pointers(environment);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid < 0) ThrowFailed("cannot start a process: {}", ErrnoText(errno));
  if (pid == 0) Become(child, argument_pointers.data(), environment_pointers.data(), parent);
  return pid;
}

std::vector<std::string> OwnArguments() {
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  std::vector<std::string> arguments;
  for (std::string one; std::getline(file, one, '\0');) arguments.push_back(one);
  if (!arguments.empty()) arguments.erase(arguments.begin());
  return arguments;
}

std::vector<std::string> EnvironmentWithout(const std::vector<std::string>& prefixes) {
  std::vector<std::string> kept;
  for (char** at = environ; *at != nullptr; ++at) {
    const std::string variable = *at;
    const bool left_out = std::any_of(prefixes.begin(), prefixes.end(),
                                      [&](const auto& prefix) { return variable.starts_with(prefix); });
    if (!left_out) kept.push_back(variable);
  }
  return kept;
}

}  // namespace attune::launch
