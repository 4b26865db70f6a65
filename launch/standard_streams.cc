#include "launch/standard_streams.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <iostream>

#include "common/error.h"

namespace attune::launch {
namespace {

[[noreturn]] void ThrowWriteError(int error_number) {
  if (error_number == EPIPE) throw OutputClosed();
  ThrowFailed("standard output: cannot write: {}", ErrnoText(error_number));
}

/// Whether descriptor 1 is a pipe whose reader has gone.
bool ReaderHasGone() {
  pollfd query{STDOUT_FILENO, POLLOUT, 0};
  return poll(&query, 1, 0) == 1 && (query.revents & POLLERR) != 0;
}

/// open() takes the lowest free number, and all below `descriptor` are taken.
void ReserveIfClosed(int descriptor, int flags) {
  if (fcntl(descriptor, F_GETFD) >= 0 || errno != EBADF) return;
  if (open("/dev/null", flags) != descriptor) _exit(static_cast<int>(ErrorKind::kFailed));
}

}  // namespace

void PrepareStandardStreams() {
  ReserveIfClosed(STDIN_FILENO, O_WRONLY);
  ReserveIfClosed(STDOUT_FILENO, O_RDONLY);
  ReserveIfClosed(STDERR_FILENO, O_WRONLY);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);  // a write beyond the file size limit fails with an error that names the file
}

void WriteStandardOutput(std::string_view text) {
  errno = 0;
  if (std::fwrite(text.data(), 1, text.size(), stdout) < text.size()) ThrowWriteError(errno);
}

void FlushStandardOutput() {
  // stdio first: flushing std::cout flushes it too, but would not say why that failed.
  if (std::fflush(stdout) != 0) ThrowWriteError(errno);
  std::cout.flush();
  if (std::ferror(stdout) == 0 && std::cout.good()) return;
  // An earlier write failed, nobody looked, and its cause is gone.
  if (ReaderHasGone()) throw OutputClosed();
  ThrowFailed("standard output: a write failed; the output is incomplete");
}

}  // namespace attune::launch
