#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include <zmq.hpp>

#include "common/net/refused_peers.h"

namespace attune::net {

/// Answers ZeroMQ's question whom to admit (ZAP, rfc.zeromq.org/spec/27): those whose CURVE keys are on the
/// list. Without it CURVE would admit any key. Connections that are not let in are counted, and told of once
/// for each address. Threads: Admit and Remove from any thread.
class ZapHandler {
 public:
  /// One for a context, made before its first socket with a key.
  explicit ZapHandler(zmq::context_t& context);
  /// After the context's sockets are closed.
  ~ZapHandler();
  ZapHandler(const ZapHandler&) = delete;
  ZapHandler& operator=(const ZapHandler&) = delete;

  /// Also counts connections to `listening` of which ZeroMQ does not ask, because they have no key: those of
  /// another mechanism, and handshakes that are wrong. Once, before it is bound.
  static void Watch(zmq::socket_t& listening);

  /// @param public_key  Z85
  void Admit(const std::string& public_key);
  void Remove(const std::string& public_key);

  /// Handshakes with other keys or none, each try counted. From any thread.
  std::uint64_t refused() const { return refused_.count(); }

 private:
  void Serve(zmq::socket_t asked, zmq::socket_t events, zmq::socket_t stop);
  void Answer(zmq::socket_t& asked);
  void Follow(zmq::socket_t& events);
  bool Admitted(const std::string& key);

  zmq::socket_t stop_;
  RefusedPeers refused_{"connections"};
  // Of the thread.
  std::map<std::uint32_t, std::string> accepted_;  ///< addresses, by descriptor
  bool broken_ = false;                            ///< a handshake was wrong; its connection ends next
  std::mutex mutex_;                               // guards the rest
  std::multiset<std::string> keys_;
  std::thread thread_;
};

}  // namespace attune::net
