#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include <zmq.hpp>

namespace attune::net {

/// Answers ZeroMQ's question whom to admit (ZAP, rfc.zeromq.org/spec/27): those whose CURVE keys are on the
/// list. Without it CURVE would admit any key. Threads: Admit and Remove from any thread.
class ZapHandler {
 public:
  /// One for a context, made before its first socket with a key.
  explicit ZapHandler(zmq::context_t& context);
  /// After the context's sockets are closed.
  ~ZapHandler();
  ZapHandler(const ZapHandler&) = delete;
  ZapHandler& operator=(const ZapHandler&) = delete;

  /// @param public_key  Z85
  void Admit(const std::string& public_key);
  void Remove(const std::string& public_key);

  /// Handshakes with other keys, each try counted. From any thread.
  std::uint64_t refused() const { return refused_.load(std::memory_order_relaxed); }

 private:
  void Serve(zmq::socket_t socket, zmq::socket_t stop);
  bool Admitted(const std::string& key);

  zmq::socket_t stop_;
  std::atomic<std::uint64_t> refused_{0};
  std::mutex mutex_;  // guards the rest
  std::multiset<std::string> keys_;
  std::thread thread_;
};

}  // namespace attune::net
