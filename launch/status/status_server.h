#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "launch/status/job_status.h"

namespace attune::launch {

/// The endpoint of a run: HTTP on a port of its own, for people and Prometheus. One thread answers, and does
/// nothing else; it runs at low priority. Whatever callers do, it holds a bounded number of connections for a
/// bounded time each, and one that comes when there are too many takes the place of the one that has been
/// there longest.
class StatusServer {
 public:
  struct Options {
    std::string address = "127.0.0.1";  ///< IPv4 or IPv6
    std::uint16_t port = 0;             ///< 0: the system chooses
    std::size_t connections = 32;       ///< at once
    std::chrono::milliseconds patience =
        std::chrono::seconds(5);  ///< of a connection, from first to last byte
  };

  /// Listens, and answers. Throws Error(kUsage) if the address is none, kFailed if the port cannot be had.
  /// @param look  called on its thread
  StatusServer(const Options& options, std::function<JobStatus()> look);
  /// Ends all connections.
  ~StatusServer();
  StatusServer(const StatusServer&) = delete;
  StatusServer& operator=(const StatusServer&) = delete;

  std::uint16_t port() const;
  /// "http://127.0.0.1:41233/"
  std::string address() const;

 private:
  class Listener;
  std::unique_ptr<Listener> listener_;
};

}  // namespace attune::launch
