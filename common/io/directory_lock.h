#pragma once

#include <chrono>
#include <filesystem>

namespace attune::io {

/// Holds a directory against other processes (flock), as long as a process has the descriptor: also one that
/// inherits it. Threads: confined.
class DirectoryLock {
 public:
  /// @param path      exists
  /// @param patience  how long it waits for another that holds it
  /// Throws Error(kFailed) if another process holds it all the time.
  explicit DirectoryLock(const std::filesystem::path& path,
                         std::chrono::milliseconds patience = std::chrono::milliseconds(0));
  ~DirectoryLock();
  DirectoryLock(DirectoryLock&& other) noexcept;
  DirectoryLock& operator=(DirectoryLock&& other) = delete;

  int fd() const { return fd_; }

 private:
  int fd_ = -1;
};

}  // namespace attune::io
