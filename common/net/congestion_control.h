#pragma once

#include <zmq.hpp>

#include <chrono>
#include <string>

namespace attune::net {

/// How the kernel's TCP shares links among connections (TCP_CONGESTION of tcp(7)). Threads: const.
class CongestionControl {
 public:
  /// CUBIC where the system has BBR, whose connections share full links unevenly.
  static constexpr const char* kAuto = "auto";

  /// @param algorithm  as in net.ipv4.tcp_available_congestion_control, or kAuto; empty: the system's. One
  /// that the kernel does not let this process have is warned of, and then it is the system's.
  explicit CongestionControl(std::string algorithm);

  /// Whether connections have another one unless they are told.
  bool differs() const { return differs_; }
  /// Nothing happens where the kernel has another rule for it. One that has ended meanwhile may be another by
  /// now, which does no harm.
  void Apply(int connection) const;

 private:
  std::string algorithm_;
  bool differs_ = false;
};

/// Sees connections that a socket makes, to one endpoint, so that it has one at a time. Threads: confined, as
/// the socket.
class ConnectionWatch {
 public:
  /// @param socket  that is not connected yet, and outlives this
  ConnectionWatch(zmq::context_t& context, zmq::socket_t& socket);
  ~ConnectionWatch();
  ConnectionWatch(const ConnectionWatch&) = delete;
  ConnectionWatch& operator=(const ConnectionWatch&) = delete;

  /// A connection that was made since has the algorithm. It looks now and then, however often it is called.
  void Apply(const CongestionControl& control);

 private:
  void* watched_;
  zmq::socket_t events_;
  bool seen_ = false;  ///< a connection
  std::chrono::steady_clock::time_point looked_{};
};

}  // namespace attune::net
