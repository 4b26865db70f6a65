#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <thread>

namespace attune::launch {

/// Gives a descriptor to processes of the same user on this host that know its name: over a socket in the
/// abstract namespace, which leaves nothing behind. Threads: serves on a thread of its own.
class DescriptorServer {
 public:
  /// @param name  unguessable: whoever knows it and is the same user gets the descriptor
  /// @param fd    stays open as long as the server
  /// @param life  of the job: handed over with it
  DescriptorServer(const std::string& name, int fd, std::uint32_t life);
  ~DescriptorServer();
  DescriptorServer(const DescriptorServer&) = delete;
  DescriptorServer& operator=(const DescriptorServer&) = delete;

 private:
  void Serve() const;

  const int fd_;
  const std::uint32_t life_;
  int listening_ = -1;
  int stop_ = -1;
  std::thread thread_;
};

/// What was handed over; the caller's.
struct Descriptor {
  int fd = -1;
  std::uint32_t life = 0;
};

/// That of the server of that name, which must be a process of the same user; it may begin to serve while
/// this waits.
/// @param least  life that it must be of: one of an earlier life is not taken, it will be replaced
/// Throws Error(kFailed) if there is none within `within`.
Descriptor ReceiveDescriptor(const std::string& name, std::uint32_t least, std::chrono::seconds within);

}  // namespace attune::launch
