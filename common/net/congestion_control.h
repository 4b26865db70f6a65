#pragma once

#include <zmq.hpp>

#include <string>

namespace attune::net {

/// How the kernel's TCP shares links among connections (TCP_CONGESTION of tcp(7)). Threads: const.
class CongestionControl {
 public:
  /// @param algorithm  as in net.ipv4.tcp_available_congestion_control; empty: the system's. One that the
  /// kernel does not let this process have is warned of, and then it is the system's.
  explicit CongestionControl(std::string algorithm);

  /// Whether connections have another one unless they are told.
  bool differs() const { return differs_; }
  /// Of a connection that has ended meanwhile there is nothing to do.
  void Apply(int connection) const;

 private:
  std::string algorithm_;
  bool differs_ = false;
};

/// Sees connections that a socket makes. Threads: confined to those of the socket.
class ConnectionWatch {
 public:
  /// @param socket  that is not connected yet, and outlives this
  ConnectionWatch(zmq::context_t& context, zmq::socket_t& socket);
  ~ConnectionWatch();
  ConnectionWatch(const ConnectionWatch&) = delete;
  ConnectionWatch& operator=(const ConnectionWatch&) = delete;

  /// Connections that were made since it was called last have the algorithm now.
  void Apply(const CongestionControl& control);

 private:
  void* watched_;
  zmq::socket_t events_;
};

}  // namespace attune::net
