#include "launch/cluster/open_files.h"

#include <sys/resource.h>

#include <algorithm>

namespace attune::launch {
namespace {

constexpr rlim_t kMostOpenFiles = 65'536;

}  // namespace

void RaiseOpenFiles() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = std::max(limit.rlim_cur, std::min(limit.rlim_max, kMostOpenFiles));
  setrlimit(RLIMIT_NOFILE, &limit);  // else it goes on with what it has
}

}  // namespace attune::launch
