#include "launch/cluster/host_identity.h"

#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace attune::launch {

std::string HostName() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "unknown";
}

bool PretendsHost() {
  return std::getenv(kPretendedHostVariable) != nullptr;
}

std::string HostIdentity() {
  std::string boot;
  std::getline(std::ifstream("/proc/sys/kernel/random/boot_id"), boot);
  std::error_code none;
  const auto network = std::filesystem::read_symlink("/proc/self/ns/net", none);
  const auto users = std::filesystem::read_symlink("/proc/self/ns/user", none);
  const std::string pretended = PretendsHost() ? std::getenv(kPretendedHostVariable) : "";
  return boot + " " + network.string() + " " + users.string() + " " + pretended;
}

}  // namespace attune::launch
