#pragma once

#include <fmt/core.h>

#include <stdexcept>
#include <string>
#include <utility>

namespace attune {

/// What kind of failure an Error reports; the value is the exit code of the program.
enum class ErrorKind {
  kFailed = 1,       ///< the job could not be done: disk full, out of memory, diverged
  kUsage = 2,        ///< the command line or a setting is wrong
  kBadInput = 3,     ///< a file that was given is missing, damaged or of the wrong kind
  kInterrupted = 4,  ///< stopped by a signal; what was reached is saved
};

/// A failure that ends this job. Thrown where nothing can be retried, caught in main and at each thread's
/// top. The message says what, where, why and what to do.
class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, const std::string& message);
  ErrorKind kind() const { return kind_; }

 private:
  ErrorKind kind_;
};

template <typename... Args>
[[noreturn]] void ThrowBadInput(fmt::format_string<Args...> format, Args&&... args) {
  throw Error(ErrorKind::kBadInput, fmt::format(format, std::forward<Args>(args)...));
}

template <typename... Args>
[[noreturn]] void ThrowUsage(fmt::format_string<Args...> format, Args&&... args) {
  throw Error(ErrorKind::kUsage, fmt::format(format, std::forward<Args>(args)...));
}

template <typename... Args>
[[noreturn]] void ThrowFailed(fmt::format_string<Args...> format, Args&&... args) {
  throw Error(ErrorKind::kFailed, fmt::format(format, std::forward<Args>(args)...));
}

/// "No space left on device" for an errno value; thread-safe.
std::string ErrnoText(int error_number);

/// Reports a broken invariant (our bug) and aborts, so that nobody goes on with wrong data.
[[noreturn]] void CheckFailed(const char* condition, const char* file, int line);

}  // namespace attune

#define ATTUNE_CHECK(condition)                                              \
  do {                                                                       \
    if (!(condition)) ::attune::CheckFailed(#condition, __FILE__, __LINE__); \
  } while (false)
