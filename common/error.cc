#include "common/error.h"

#include <cstdio>
#include <cstdlib>
#include <system_error>

namespace attune {

std::string ErrnoText(int error_number) {
  return std::generic_category().message(error_number);
}

void CheckFailed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "attune: internal error: %s:%d: check failed: %s\n", file, line, condition);
  std::abort();
}

}  // namespace attune
