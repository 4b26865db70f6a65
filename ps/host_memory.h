#pragma once

#include <array>
#include <cstdint>
#include <filesystem>

#include "ps/mapping.h"

namespace attune::ps {

/// What the processes of one host share, in bytes.
struct HostShape {
  std::array<std::uint8_t, 16> job{};  ///< random name of the job
  std::uint64_t users = 0;             ///< Table::Bytes of U on this host
  std::uint64_t items = 0;
  std::uint64_t theta = 0;  ///< ThetaStore::Bytes
  std::uint64_t gate = 0;   ///< of worker::GateMemory

  bool operator==(const HostShape&) const = default;
};

/// The tables of a host in memory that has no name: a memfd, or a file that is unlinked at once, so that
/// nothing is left of it however its processes end. Begins with a header that says what it is; whoever gets
/// the descriptor checks it. Threads: confined.
class HostMemory {
 public:
  HostMemory() = default;
  ~HostMemory();
  HostMemory(HostMemory&& other) noexcept;
  HostMemory& operator=(HostMemory&& other) noexcept;

  /// Zeroed memory of this shape.
  /// @param directory  where a file is made instead of a memfd; empty for a memfd
  /// Throws Error(kFailed) if the host or the control group has not so much memory, naming both numbers.
  static HostMemory Create(const HostShape& shape, const std::filesystem::path& directory = {});

  /// Memory that another process created. Takes the descriptor over. Throws Error(kFailed) if it is not the
  /// memory of this job and shape.
  static HostMemory Open(int fd, const HostShape& shape);

  /// Whether the tables have their first values.
  bool initialised() const;
  void SetInitialised();

  /// To be handed to other processes; stays open as long as this object.
  int fd() const { return fd_; }
  Mapping Users() const;
  /// @param more  bytes of this process alone behind the table, see Mapping::SharedAndPrivate
  Mapping Items(std::size_t more = 0) const;
  Mapping Theta() const;
  Mapping Gate() const;

  /// Bytes of the whole.
  static std::uint64_t Bytes(const HostShape& shape);

 private:
  HostMemory(int fd, const HostShape& shape) : fd_(fd), shape_(shape) {}

  int fd_ = -1;
  HostShape shape_;
};

}  // namespace attune::ps
