#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>

#include "common/net/transport.h"

namespace attune::net {

/// A CURVE key pair, in Z85. Threads: value.
struct KeyPair {
  std::string public_key;
  std::string secret_key;

  /// A new pair. Throws Error(kFailed) if ZeroMQ was built without CURVE.
  static KeyPair Make();
};

/// Whether a text from outside is a CURVE public key in Z85, or where a node may listen
/// ("tcp://10.0.0.7:41233").
bool IsPublicKey(const std::string& text);
bool IsEndpoint(const std::string& text);
/// Whether an address is of this host alone.
bool IsLoopback(const std::string& host);

struct ZmqOptions {
  std::uint64_t job = 0;           ///< messages of another job are refused
  NodeId node = 0;                 ///< this node
  std::uint32_t incarnation = 0;   ///< grows when the process is started again
  std::uint32_t life = 0;          ///< of the job, that this process is in
  std::string host = "127.0.0.1";  ///< address to listen on; a port is chosen
  int listen_fd = -1;              ///< a listening socket bound to `host` to take over instead of a new one
  KeyPair keys;                    ///< empty: no encryption, and only for loopback unless `insecure`
  bool insecure = false;
  std::map<NodeId, Address> peers;    ///< connected before anybody is listened to
  std::size_t queue_messages = 1000;  ///< that may wait for one node
  std::string congestion_control;     ///< of connections to others, as CongestionControl has it
};

/// Nodes over TCP. Each node listens on one socket (ROUTER) and has one more for each node that it sends to
/// (DEALER), and another for frames of rows (wire::IsBulk) when there are some. With keys, only nodes given
/// to Connect are admitted: a ZAP handler compares their keys. Errors: Error(kFailed) naming the address.
std::unique_ptr<Transport> MakeZmqTransport(const ZmqOptions& options);

}  // namespace attune::net
