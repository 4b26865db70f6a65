#pragma once

#include <chrono>
#include <string>
#include <thread>

namespace attune::launch {

/// Gives a descriptor to processes of the same user on this host that know its name: over a socket in the
/// abstract namespace, which leaves nothing behind. Threads: serves on a thread of its own.
class DescriptorServer {
 public:
  /// @param name  unguessable: whoever knows it and is the same user gets the descriptor
  /// @param fd    stays open as long as the server
  DescriptorServer(const std::string& name, int fd);
  ~DescriptorServer();
  DescriptorServer(const DescriptorServer&) = delete;
  DescriptorServer& operator=(const DescriptorServer&) = delete;

 private:
  void Serve() const;

  const int fd_;
  int listening_ = -1;
  int stop_ = -1;
  std::thread thread_;
};

/// A descriptor from the server of that name, which must be a process of the same user; it may begin to serve
/// while this waits. Throws Error(kFailed) if there is none within `within`.
int ReceiveDescriptor(const std::string& name, std::chrono::seconds within);

}  // namespace attune::launch
