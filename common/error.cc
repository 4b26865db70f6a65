#include "common/error.h"

#include <cstdio>
#include <cstdlib>
#include <system_error>

namespace attune {
namespace {

/// what() ends at the first NUL, and with it the message would.
std::string WithVisibleNuls(const std::string& message) {
  std::string text;
  for (const char c : message) {
    if (c == '\0') {
      text += "\\x00";
    } else {
      text += c;
    }
  }
  return text;
}

}  // namespace

Error::Error(ErrorKind kind, const std::string& message)
    : std::runtime_error(WithVisibleNuls(message)), kind_(kind) {}

std::string ErrnoText(int error_number) {
  return std::generic_category().message(error_number);
}

void CheckFailed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "attune: internal error: %s:%d: check failed: %s\n", file, line, condition);
  std::abort();
}

}  // namespace attune
