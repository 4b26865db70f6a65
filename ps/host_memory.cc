#include "ps/host_memory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "common/error.h"
#include "common/run/available_memory.h"
#include "common/run/format.h"
#include "ps/unnamed_file.h"

namespace attune::ps {
namespace {

/// Parts begin where huge pages may.
constexpr std::uint64_t kAlignment = std::uint64_t{2} << 20;
constexpr std::array<char, 8> kMagic = {'a', 't', 't', 'u', 'n', 'e', 'm', '\0'};
constexpr std::uint32_t kVersion = 1;

struct Header {
  std::array<char, 8> magic = kMagic;
  std::uint32_t version = kVersion;
  std::uint32_t reserved = 0;
  HostShape shape;
};

/// Behind the header: whether the tables have their first values.
constexpr std::uint64_t kInitialisedAt = 4096;

std::uint64_t Aligned(std::uint64_t bytes) {
  return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

std::uint64_t UsersAt() {
  return kAlignment;
}
std::uint64_t ItemsAt(const HostShape& shape) {
  return UsersAt() + Aligned(shape.users);
}
std::uint64_t ThetaAt(const HostShape& shape) {
  return ItemsAt(shape) + Aligned(shape.items);
}

std::uint64_t GateAt(const HostShape& shape) {
  return ThetaAt(shape) + Aligned(shape.theta);
}

void RequireMemory(std::uint64_t bytes) {
  const AvailableMemory available = FindAvailableMemory();
  if (bytes <= available.bytes) return;
  ThrowFailed(
      "the tables need {}, but there are {} ({}); use a smaller dim, more hosts, or put them into a file "
      "with "
      "--shm-dir",
      FormatBytes(bytes), FormatBytes(available.bytes), available.bound_by);
}

int CreateMemory(std::uint64_t bytes) {
  RequireMemory(bytes);
  const int fd = memfd_create("attune-tables", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0) ThrowFailed("memfd_create: {}; put the tables into a file with --shm-dir", ErrnoText(errno));
  if (ftruncate(fd, static_cast<off_t>(bytes)) == 0) return fd;
  const std::string why = ErrnoText(errno);
  close(fd);
  ThrowFailed("cannot take {} for the tables: {}", FormatBytes(bytes), why);
}

}  // namespace

HostMemory::~HostMemory() {
  if (fd_ >= 0) close(fd_);
}

HostMemory::HostMemory(HostMemory&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), shape_(other.shape_) {}

HostMemory& HostMemory::operator=(HostMemory&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(shape_, other.shape_);
  return *this;
}

std::uint64_t HostMemory::Bytes(const HostShape& shape) {
  return GateAt(shape) + Aligned(shape.gate);
}

HostMemory HostMemory::Create(const HostShape& shape, const std::filesystem::path& directory) {
  const std::uint64_t bytes = Bytes(shape);
  HostMemory memory(directory.empty() ? CreateMemory(bytes) : UnnamedFile(directory, bytes), shape);
  Header header;
  header.shape = shape;
  if (pwrite(memory.fd_, &header, sizeof header, 0) != ssize_t{sizeof header}) {
    ThrowFailed("cannot write the tables' header: {}", ErrnoText(errno));
  }
  // Nobody can make it shorter under those who map it.
  if (directory.empty()) fcntl(memory.fd_, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW);
  return memory;
}

HostMemory HostMemory::Open(int fd, const HostShape& shape) {
  HostMemory memory(fd, shape);
  struct stat status {};
  if (fstat(fd, &status) != 0) ThrowFailed("the tables' memory: {}", ErrnoText(errno));
  Header header;
  if (static_cast<std::uint64_t>(status.st_size) != Bytes(shape) ||
      pread(fd, &header, sizeof header, 0) != ssize_t{sizeof header}) {
    ThrowFailed("the tables' memory has {} bytes, expected {}", status.st_size, Bytes(shape));
  }
  if (header.magic != kMagic || header.version != kVersion || header.shape != shape) {
    ThrowFailed(
        "the tables' memory is of another job, version or shape; start all processes with one command");
  }
  return memory;
}

bool HostMemory::initialised() const {
  char byte = 0;
  return pread(fd_, &byte, 1, kInitialisedAt) == 1 && byte == 1;
}

void HostMemory::SetInitialised() {
  const char byte = 1;
  if (pwrite(fd_, &byte, 1, kInitialisedAt) != 1)
    ThrowFailed("cannot write to the tables' memory: {}", ErrnoText(errno));
}

Mapping HostMemory::Users() const {
  return Mapping::Shared(fd_, UsersAt(), shape_.users, "the users' table");
}

Mapping HostMemory::Items(std::size_t more) const {
  return Mapping::SharedAndPrivate(fd_, ItemsAt(shape_), shape_.items, more, "the items' table");
}

Mapping HostMemory::Theta() const {
  return Mapping::Shared(fd_, ThetaAt(shape_), shape_.theta, "the attention parameters");
}

Mapping HostMemory::Gate() const {
  return Mapping::Shared(fd_, GateAt(shape_), shape_.gate, "the workers' clocks");
}

}  // namespace attune::ps
