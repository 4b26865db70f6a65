#include "launch/cluster/waited_signals.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>

#include "common/error.h"

namespace attune::launch {
namespace {

sigset_t Watched() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2}) sigaddset(&set, number);
  return set;
}

}  // namespace

WaitedSignals::WaitedSignals() {
  const sigset_t watched = Watched();
  pthread_sigmask(SIG_BLOCK, &watched, nullptr);
  fd_ = signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK);
  if (fd_ < 0) ThrowFailed("signalfd: {}", ErrnoText(errno));
}

WaitedSignals::~WaitedSignals() {
  close(fd_);
  const sigset_t watched = Watched();
  pthread_sigmask(SIG_UNBLOCK, &watched, nullptr);
}

std::optional<int> WaitedSignals::Next() {
  signalfd_siginfo signal{};
  if (read(fd_, &signal, sizeof signal) != ssize_t{sizeof signal}) return std::nullopt;
  return static_cast<int>(signal.ssi_signo);
}

std::optional<int> WaitedSignals::Next(std::chrono::milliseconds wait) {
  pollfd polled = {fd_, POLLIN, 0};
  poll(&polled, 1, static_cast<int>(wait.count()));
  return Next();
}

}  // namespace attune::launch
