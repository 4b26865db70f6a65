#include "launch/program_identity.h"

#include <fmt/core.h>

#include "common/io/checksum.h"
#include "common/run/version.h"

namespace attune::launch {

std::string ProgramIdentity() {
  return fmt::format("attune {} ({})", Version(), io::DigestFile("/proc/self/exe").xxh3);
}

}  // namespace attune::launch
