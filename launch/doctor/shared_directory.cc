#include "launch/doctor/shared_directory.h"

#include <fmt/core.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <random>
#include <thread>

#include "common/error.h"
#include "common/io/output_file.h"

namespace attune::launch {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

/// Network file systems show a new file late.
constexpr auto kSeenWithin = 5s;

/// A file with its own name in it. Throws Error.
fs::path WriteProbe(const fs::path& directory) {
  std::random_device device;
  const fs::path path =
      ExistingParent(directory) / fmt::format(".attune-doctor-{:08x}{:08x}", device(), device());
  io::OutputFile file(path);
  file.Write(path.native());
  file.Close();
  return path;
}

bool IsThere(const fs::path& probe) {
  std::string found;
  std::getline(std::ifstream(probe), found);
  return found == probe.native();
}

bool IsThereSoon(const fs::path& probe) {
  const auto deadline = std::chrono::steady_clock::now() + kSeenWithin;
  while (!IsThere(probe)) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(50ms);
  }
  return true;
}

}  // namespace

fs::path ExistingParent(const fs::path& directory) {
  std::error_code none;
  fs::path path = fs::absolute(directory, none);
  while (!fs::is_directory(path, none) && path.has_relative_path()) path = path.parent_path();
  return path;
}

std::uint64_t FreeBytes(const fs::path& directory) {
  struct statvfs status {};
  if (statvfs(directory.c_str(), &status) != 0) return 0;
  return std::uint64_t{status.f_bavail} * status.f_frsize;
}

std::string ProbeSharedDirectory(Rendezvous& rendezvous, const fs::path& directory) {
  std::string problem;
  fs::path probe;
  if (rendezvous.rank() == 0 && !directory.empty()) {
    try {
      probe = WriteProbe(directory);
    } catch (const Error& error) {
      problem = error.what();
    }
  }
  probe = rendezvous.Exchange(probe.native()).front();
  if (rendezvous.rank() != 0 && !probe.empty() && !IsThereSoon(probe)) {
    problem = fmt::format("{}: a file that rank 0 has written is not there", probe.parent_path().string());
  }
  rendezvous.Exchange("");  // all have looked
  std::error_code none;
  if (rendezvous.rank() == 0 && !probe.empty()) fs::remove(probe, none);
  return problem;
}

}  // namespace attune::launch
