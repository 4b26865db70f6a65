#include "common/net/zmq_transport.h"

#include <arpa/inet.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <zmq.hpp>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <map>
#include <vector>

#include "common/error.h"
#include "common/log.h"
#include "common/net/congestion_control.h"
#include "common/net/frames_now.h"
#include "common/net/refused_peers.h"
#include "common/net/zap_handler.h"
#include "common/wire/sync_messages.h"

namespace attune::net {
namespace {

constexpr const char* kZapDomain = "attune";
/// Parts up to this size are copied into the message; others are sent from where they lie.
constexpr std::size_t kCopyBytes = std::size_t{64} << 10;
/// How long what was sent last may still be on its way when a transport is closed.
constexpr int kLingerMilliseconds = 500;
constexpr std::int64_t kMaxFrameBytes = static_cast<std::int64_t>(wire::kMaxPartBytes);

/// The connections from one node to another. Frames of rows have one of their own: what else is said, which
/// workers wait for, would stand behind megabytes of them where links are full.
enum class Lane : std::uint32_t { kSwift, kBulk };

/// What a node calls itself towards others; the name of its connections.
struct Identity {
  std::uint64_t job = 0;
  NodeId node = 0;
  std::uint32_t incarnation = 0;
  std::uint32_t life = 0;
  Lane lane = Lane::kSwift;
};

std::string ToBytes(const Identity& identity) {
  // ZeroMQ keeps names for itself that begin with a zero byte.
  std::string bytes = "n";
  bytes.append(reinterpret_cast<const char*>(&identity), sizeof identity);
  return bytes;
}

std::optional<Identity> ParseIdentity(const zmq::message_t& frame) {
  Identity identity;
  if (frame.size() != 1 + sizeof identity || *frame.data<char>() != 'n') return std::nullopt;
  std::memcpy(&identity, frame.data<char>() + 1, sizeof identity);
  return identity;
}

/// Keeps bytes alive until ZeroMQ has sent them.
void ReleaseBytes(void*, void* owner) {
  delete static_cast<wire::Bytes*>(owner);
}

zmq::message_t FrameOf(const wire::Bytes& bytes) {
  if (bytes.size() <= kCopyBytes) return {bytes.data(), bytes.size()};
  auto owner = std::make_unique<wire::Bytes>(bytes);
  void* const data = const_cast<std::byte*>(bytes.data());  // ZeroMQ reads only
  zmq::message_t frame(data, bytes.size(), &ReleaseBytes, owner.get());
  owner.release();
  return frame;
}

wire::Bytes BytesOf(zmq::message_t frame) {
  const auto owner = std::make_shared<zmq::message_t>(std::move(frame));
  return {{owner->data<std::byte>(), owner->size()}, owner};
}

class ZmqTransport : public Transport {
 public:
  explicit ZmqTransport(const ZmqOptions& options)
      : options_(options), congestion_control_(options.congestion_control), context_(1) {
    if (!encrypted() && !options.insecure && !IsLoopback(options.host)) {
      ThrowFailed("{}: without keys nodes listen on loopback only; give keys, or --insecure", options.host);
    }
    context_.set(zmq::ctxopt::max_sockets, 49'152);
    if (encrypted()) zap_ = std::make_unique<ZapHandler>(context_);
    wake_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (wake_ < 0) ThrowFailed("eventfd: {}", ErrnoText(errno));
    for (const auto& [node, address] : options.peers) Connect(node, address);
    Bind();
  }

  ~ZmqTransport() override {
    peers_.clear();
    inbox_.close();
    zap_.reset();
    close(wake_);
  }

  const Address& address() const override { return address_; }

  void Connect(NodeId node, const Address& address) override {
    const auto at = peers_.find(node);
    if (at != peers_.end() && at->second.address == address) return;
    Peer peer{address, Open(Lane::kSwift, node, address), std::nullopt, false};
    if (encrypted()) zap_->Admit(address.public_key);
    Disconnect(node);  // after the new key is admitted: it may be the old one
    peers_.emplace(node, std::move(peer));
  }

  void Disconnect(NodeId node) override {
    const auto at = peers_.find(node);
    if (at == peers_.end()) return;
    if (encrypted()) zap_->Remove(at->second.address.public_key);
    peers_.erase(at);
  }

  bool Send(NodeId to, const wire::Message& message) override {
    const auto at = peers_.find(to);
    if (at == peers_.end()) return false;
    Connection& connection = ConnectionFor(to, at->second, message);
    if (connection.made) connection.made->Apply(congestion_control_);
    zmq::socket_t& socket = connection.socket;
    const bool values = !message.values.empty();
    const bool keys = values || !message.keys.empty();
    // Only the first part of a message can be refused: the others belong to it.
    const std::string head = wire::EncodeHead(message);
    if (!SendNow(socket, {head.data(), head.size()}, keys)) return false;
    if (keys) SendNext(socket, FrameOf(message.keys), values);
    if (values) SendNext(socket, FrameOf(message.values), false);
    traffic_.sent += message.meta.size() + message.keys.size() + message.values.size();
    return true;
  }

  std::optional<Received> Receive(std::chrono::milliseconds wait) override {
    const auto deadline = std::chrono::steady_clock::now() + wait;
    while (true) {
      if (auto received = TryReceive()) return received;
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
      if (left.count() <= 0 || !PollOnce(left)) return std::nullopt;
    }
  }

  void Wake() override { eventfd_write(wake_, 1); }

  RefusedCounts refused() const override {
    RefusedCounts counts = refused_;
    if (encrypted()) counts.strangers = zap_->refused();
    return counts;
  }

  Traffic traffic() const override { return traffic_; }

 private:
  struct Connection {
    Connection(zmq::context_t& context, zmq::socket_type type) : socket(context, type) {}
    Connection(Connection&&) = default;
    Connection& operator=(Connection&&) = delete;  // the watch ends before the socket

    zmq::socket_t socket;
    std::unique_ptr<ConnectionWatch> made;  ///< if it is to be told how to share links
  };
  struct Peer {
    Address address;
    Connection swift;
    std::optional<Connection> bulk;  ///< when there was something for it
    bool only_swift = false;
  };

  bool encrypted() const { return !options_.keys.public_key.empty(); }

  /// A connection that is being made.
  Connection Open(Lane lane, NodeId node, const Address& address) try {
    Connection connection(context_, zmq::socket_type::dealer);
    zmq::socket_t& socket = connection.socket;
    SetCommon(socket);
    socket.set(zmq::sockopt::routing_id,
               ToBytes({options_.job, options_.node, options_.incarnation, options_.life, lane}));
    socket.set(zmq::sockopt::immediate, true);
    socket.set(zmq::sockopt::reconnect_ivl, 100);
    socket.set(zmq::sockopt::reconnect_ivl_max, 2000);
    if (encrypted()) {
      socket.set(zmq::sockopt::curve_serverkey, address.public_key);
      socket.set(zmq::sockopt::curve_publickey, options_.keys.public_key);
      socket.set(zmq::sockopt::curve_secretkey, options_.keys.secret_key);
    }
    if (congestion_control_.differs()) connection.made = Watch(socket);
    socket.connect(address.endpoint);
    return connection;
  } catch (const zmq::error_t& failure) {
    ThrowFailed("node {} at '{}': {}", node, address.endpoint, failure.what());
  }

  /// Nothing where the process has no descriptor left for it: the connection is then as the system has it.
  std::unique_ptr<ConnectionWatch> Watch(zmq::socket_t& socket) try {
    return std::make_unique<ConnectionWatch>(context_, socket);
  } catch (const zmq::error_t& failure) {
    log::Warning("a connection keeps the system's congestion control: {}", failure.what());
    return nullptr;
  }

  Connection& ConnectionFor(NodeId node, Peer& peer, const wire::Message& message) {
    if (!wire::IsBulk(message) || peer.only_swift) return peer.swift;
    if (peer.bulk) return *peer.bulk;
    try {
      return peer.bulk.emplace(Open(Lane::kBulk, node, peer.address));
    } catch (const Error& error) {
      log::Warning("no second connection to {}; frames of rows go by the first", error.what());
      peer.only_swift = true;  // for good: frames are not to overtake each other
      return peer.swift;
    }
  }

  void SetCommon(zmq::socket_t& socket) const {
    socket.set(zmq::sockopt::linger, kLingerMilliseconds);
    socket.set(zmq::sockopt::sndhwm, static_cast<int>(options_.queue_messages));
    socket.set(zmq::sockopt::rcvhwm, static_cast<int>(options_.queue_messages));
    socket.set(zmq::sockopt::maxmsgsize, kMaxFrameBytes);
    socket.set(zmq::sockopt::handshake_ivl, 5000);
    socket.set(zmq::sockopt::heartbeat_ivl, 1000);
    socket.set(zmq::sockopt::heartbeat_timeout, 5000);
    socket.set(zmq::sockopt::heartbeat_ttl, 5000);
  }

  void Bind() {
    inbox_ = zmq::socket_t(context_, zmq::socket_type::router);
    SetCommon(inbox_);
    inbox_.set(zmq::sockopt::router_handover, true);
    inbox_.set(zmq::sockopt::backlog, 1024);
    if (options_.listen_fd >= 0) inbox_.set(zmq::sockopt::use_fd, options_.listen_fd);
    if (encrypted()) {
      inbox_.set(zmq::sockopt::curve_server, true);
      inbox_.set(zmq::sockopt::curve_secretkey, options_.keys.secret_key);
      inbox_.set(zmq::sockopt::zap_domain, kZapDomain);
      ZapHandler::Watch(inbox_);
    }
    try {
      inbox_.bind(fmt::format("tcp://{}:*", options_.host));
    } catch (const zmq::error_t& failure) {
      ThrowFailed("cannot listen on {}: {}", options_.host, failure.what());
    }
    address_ = {inbox_.get(zmq::sockopt::last_endpoint), options_.keys.public_key};
  }

  /// Waits for a message. @returns false if woken or nothing came
  bool PollOnce(std::chrono::milliseconds wait) {
    std::array<zmq::pollitem_t, 2> items = {
        {{inbox_.handle(), 0, ZMQ_POLLIN, 0}, {nullptr, wake_, ZMQ_POLLIN, 0}}};
    try {
      zmq::poll(items.data(), items.size(), wait);
    } catch (const zmq::error_t& failure) {
      if (failure.num() != EINTR) throw;
      return false;  // a signal: whoever waits may have something to do
    }
    if ((items[1].revents & ZMQ_POLLIN) != 0) {
      eventfd_t ignored = 0;
      eventfd_read(wake_, &ignored);
      return false;
    }
    return (items[0].revents & ZMQ_POLLIN) != 0;
  }

  /// A message that is there already; what is refused on the way is counted.
  std::optional<Received> TryReceive() {
    while (true) {
      zmq::message_t from;
      if (!TakeNow(inbox_, from)) return std::nullopt;
      const std::vector<wire::Bytes> frames = RestOfMessage(from);
      const auto identity = ParseIdentity(from);
      if (!identity || identity->job != options_.job || !IsThatNode(*identity)) {
        ++refused_.foreign;
        senders_.Add(from_address_, "of another job, or of no node of this one");
        continue;
      }
      wire::Refusal refusal{};
      auto message = wire::Decode(frames, refusal);
      for (const wire::Bytes& frame : frames) traffic_.received += frame.size();
      if (message)
        return Received{identity->node, identity->incarnation, identity->life, *std::move(message)};
      ++refused_.messages[static_cast<std::size_t>(refusal)];
      senders_.Add(from_address_, fmt::format("they are not whole ({})", wire::NameOf(refusal)));
    }
  }

  /// At most four frames are kept: more than a message may have, so that it is refused.
  std::vector<wire::Bytes> RestOfMessage(const zmq::message_t& first) {
    std::vector<wire::Bytes> frames;
    user_.clear();
    from_address_.clear();
    for (bool more = first.more(); more;) {
      zmq::message_t frame;
      if (!TakeNext(inbox_, frame)) break;
      more = frame.more();
      if (frames.empty()) {
        user_ = PropertyOf(frame, "User-Id");
        from_address_ = PropertyOf(frame, "Peer-Address");
      }
      if (frames.size() < 4) frames.push_back(BytesOf(std::move(frame)));
    }
    return frames;
  }

  static std::string PropertyOf(const zmq::message_t& frame, const char* property) {
    const char* const value = zmq_msg_gets(frame.handle(), property);
    return value == nullptr ? std::string() : std::string(value);
  }

  /// With keys, whoever says to be a node must have its key.
  bool IsThatNode(const Identity& identity) const {
    if (!encrypted()) return true;
    const auto peer = peers_.find(identity.node);
    return peer != peers_.end() && peer->second.address.public_key == user_;
  }

  const ZmqOptions options_;
  const CongestionControl congestion_control_;
  zmq::context_t context_;
  std::unique_ptr<ZapHandler> zap_;
  zmq::socket_t inbox_;
  std::map<NodeId, Peer> peers_;
  Address address_;
  int wake_ = -1;
  std::string user_;          ///< who sent the message being read, by ZAP
  std::string from_address_;  ///< and from where
  RefusedCounts refused_;
  RefusedPeers senders_{"messages"};
  Traffic traffic_;
};

}  // namespace

KeyPair KeyPair::Make() {
  std::array<char, 41> public_key{};
  std::array<char, 41> secret_key{};
  if (zmq_curve_keypair(public_key.data(), secret_key.data()) != 0) {
    ThrowFailed("cannot make a key pair: {}; this ZeroMQ has no CURVE", ErrnoText(errno));
  }
  return {public_key.data(), secret_key.data()};
}

bool IsPublicKey(const std::string& text) {
  constexpr std::size_t kCharacters = 40;
  std::array<std::uint8_t, 32> key{};
  // A NUL would end the key for ZeroMQ.
  return text.size() == kCharacters && text.find('\0') == std::string::npos &&
         zmq_z85_decode(key.data(), text.c_str()) != nullptr;
}

bool IsEndpoint(const std::string& text) {
  constexpr std::string_view kScheme = "tcp://";
  const auto colon = text.rfind(':');
  if (text.find('\0') != std::string::npos || !text.starts_with(kScheme) || colon < kScheme.size())
    return false;
  in_addr address{};
  const std::string host = text.substr(kScheme.size(), colon - kScheme.size());
  if (inet_pton(AF_INET, host.c_str(), &address) != 1) return false;
  std::uint16_t port = 0;
  const char* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data() + colon + 1, end, port);
  return read.ec == std::errc() && read.ptr == end && port > 0;
}

bool IsLoopback(const std::string& host) {
  return host.starts_with("127.") || host == "localhost";
}

std::unique_ptr<Transport> MakeZmqTransport(const ZmqOptions& options) {
  return std::make_unique<ZmqTransport>(options);
}

}  // namespace attune::net
