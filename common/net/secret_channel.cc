#include "common/net/secret_channel.h"

#include <sodium.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <zmq.hpp>

#include <array>
#include <cerrno>
#include <cstdint>
#include <string_view>
#include <utility>

#include "common/error.h"
#include "common/net/refused_peers.h"
#include "common/net/socket_events.h"
#include "common/net/zap_handler.h"

namespace attune::net {
namespace {

using Clock = std::chrono::steady_clock;

/// What one process says of itself, and what all say together.
constexpr std::int64_t kMaxRequestBytes = std::int64_t{1} << 20;
constexpr std::int64_t kMaxAnswerBytes = std::int64_t{64} << 20;
/// That may wait of one caller: it asks again only after kAskAgain.
constexpr int kWaitingRequests = 4;
constexpr int kLingerMilliseconds = 2000;
constexpr std::chrono::seconds kAskAgain(5);
/// Connections that end before the secret was found to be the same: then it is not.
constexpr int kFailedHandshakes = 3;
/// A handshake that is refused fails within this time.
constexpr std::chrono::seconds kPromptly(2);

/// The key pair that follows from a secret, for one side.
KeyPair PairOf(const std::string& words, std::string_view side) {
  std::array<std::uint8_t, 32> raw{};
  const std::string key = "attune " + std::string(side);
  crypto_generichash(raw.data(), raw.size(), reinterpret_cast<const unsigned char*>(words.data()),
                     words.size(), reinterpret_cast<const unsigned char*>(key.data()), key.size());
  std::array<char, 41> secret_key{};
  std::array<char, 41> public_key{};
  zmq_z85_encode(secret_key.data(), raw.data(), raw.size());
  if (zmq_curve_public(public_key.data(), secret_key.data()) != 0) {
    ThrowFailed("cannot make a key pair: {}; this ZeroMQ has no CURVE", ErrnoText(errno));
  }
  return {public_key.data(), secret_key.data()};
}

void SetCommon(zmq::socket_t& socket, std::int64_t max_bytes) {
  socket.set(zmq::sockopt::linger, kLingerMilliseconds);
  socket.set(zmq::sockopt::maxmsgsize, max_bytes);
  socket.set(zmq::sockopt::handshake_ivl, 3000);
  socket.set(zmq::sockopt::heartbeat_ivl, 1000);
  socket.set(zmq::sockopt::heartbeat_timeout, 5000);
}

class ZmqSecretListener : public SecretListener {
 public:
  ZmqSecretListener(int listen_fd, const SharedSecret& secret) : zap_(context_) {
    zap_.Admit(secret.caller.public_key);
    wake_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (wake_ < 0) ThrowFailed("eventfd: {}", ErrnoText(errno));
    socket_ = zmq::socket_t(context_, zmq::socket_type::router);
    SetCommon(socket_, kMaxRequestBytes);
    socket_.set(zmq::sockopt::rcvhwm, kWaitingRequests);
    // ZeroMQ closes what it listens on.
    const int own_fd = dup(listen_fd);
    if (own_fd < 0) ThrowFailed("dup: {}", ErrnoText(errno));
    socket_.set(zmq::sockopt::use_fd, own_fd);
    socket_.set(zmq::sockopt::curve_server, true);
    socket_.set(zmq::sockopt::curve_secretkey, secret.listener.secret_key);
    socket_.set(zmq::sockopt::zap_domain, "attune");
    ZapHandler::Watch(socket_);
    socket_.bind("tcp://127.0.0.1:*");  // the descriptor's address is what counts
  }
  ~ZmqSecretListener() override {
    socket_.close();
    close(wake_);
  }

  std::optional<Request> Receive(std::chrono::milliseconds wait) override {
    std::array<zmq::pollitem_t, 2> items = {
        {{socket_.handle(), 0, ZMQ_POLLIN, 0}, {nullptr, wake_, ZMQ_POLLIN, 0}}};
    zmq::poll(items.data(), items.size(), wait);
    eventfd_t ignored = 0;
    if ((items[1].revents & ZMQ_POLLIN) != 0) eventfd_read(wake_, &ignored);
    zmq::message_t from;
    if (!socket_.recv(from, zmq::recv_flags::dontwait)) return std::nullopt;
    zmq::message_t text;
    std::size_t frames = 0;
    std::string address;
    for (bool more = from.more(); more; ++frames) {
      if (!socket_.recv(text, zmq::recv_flags::dontwait)) break;
      more = text.more();
      if (const char* const peer = zmq_msg_gets(text.handle(), "Peer-Address")) address = peer;
    }
    if (frames == 1) return Request{from.to_string(), text.to_string()};
    requests_.Add(address, "of several parts, or none");
    return std::nullopt;
  }

  void Answer(const std::string& to, const std::string& text) override {
    socket_.send(zmq::buffer(to), zmq::send_flags::sndmore | zmq::send_flags::dontwait);
    socket_.send(zmq::buffer(text), zmq::send_flags::dontwait);
  }

  void Wake() override { eventfd_write(wake_, 1); }
  std::uint64_t refused() const override { return zap_.refused() + requests_.count(); }

 private:
  zmq::context_t context_;
  ZapHandler zap_;  // before the sockets, closed after them
  zmq::socket_t socket_;
  RefusedPeers requests_{"requests"};
  int wake_ = -1;
};

class ZmqSecretCaller : public SecretCaller {
 public:
  ZmqSecretCaller(const std::string& address, const SharedSecret& secret, std::function<void()> waiting)
      : address_(address), waiting_(std::move(waiting)), socket_(context_, zmq::socket_type::dealer) {
    SetCommon(socket_, kMaxAnswerBytes);
    socket_.set(zmq::sockopt::reconnect_ivl, 100);
    socket_.set(zmq::sockopt::reconnect_ivl_max, 1000);
    socket_.set(zmq::sockopt::curve_serverkey, secret.listener.public_key);
    socket_.set(zmq::sockopt::curve_publickey, secret.caller.public_key);
    socket_.set(zmq::sockopt::curve_secretkey, secret.caller.secret_key);
    constexpr const char* kMonitor = "inproc://attune.caller";
    if (zmq_socket_monitor(socket_.handle(), kMonitor,
                           ZMQ_EVENT_CONNECTED | ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_HANDSHAKE_SUCCEEDED |
                               ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |
                               ZMQ_EVENT_HANDSHAKE_FAILED_AUTH) != 0) {
      ThrowFailed("{}: {}", address_, ErrnoText(errno));
    }
    monitor_ = zmq::socket_t(context_, zmq::socket_type::pair);
    monitor_.connect(kMonitor);
    try {
      socket_.connect("tcp://" + address);
    } catch (const zmq::error_t& failure) {
      ThrowUsage("'{}' is no HOST:PORT: {}", address, failure.what());
    }
  }
  ~ZmqSecretCaller() override { zmq_socket_monitor(socket_.handle(), nullptr, 0); }

  std::string Call(const std::string& request, std::chrono::milliseconds within) override {
    const auto deadline = Clock::now() + within;
    auto ask_again = Clock::now();
    DropAnswers();
    while (Clock::now() < deadline) {
      if (waiting_) waiting_();
      if (connected_ && Clock::now() >= ask_again) {
        socket_.send(zmq::buffer(request), zmq::send_flags::dontwait);
        ask_again = Clock::now() + kAskAgain;
      }
      std::array<zmq::pollitem_t, 2> items = {
          {{socket_.handle(), 0, ZMQ_POLLIN, 0}, {monitor_.handle(), 0, ZMQ_POLLIN, 0}}};
      Poll(items);
      const bool before = connected_;
      ReadEvents();
      if (connected_ && !before) ask_again = Clock::now();
      zmq::message_t answer;
      if (socket_.recv(answer, zmq::recv_flags::dontwait)) return answer.to_string();
    }
    if (connected_)
      ThrowFailed("{}: the scheduler there has not answered within {} s", address_, Seconds(within));
    if (seen_) ThrowOtherSecret();
    ThrowFailed("{}: nobody listens there (waited {} s); is the scheduler started, with --join {}?", address_,
                Seconds(within), address_);
  }

 private:
  /// Also ends when a signal comes, of which cppzmq makes an error.
  static void Poll(std::array<zmq::pollitem_t, 2>& items) {
    if (zmq_poll(items.data(), static_cast<int>(items.size()), 100) < 0 && zmq_errno() != EINTR)
      throw zmq::error_t();
  }

  static double Seconds(std::chrono::milliseconds time) { return static_cast<double>(time.count()) / 1000; }

  [[noreturn]] void ThrowOtherSecret() const {
    ThrowFailed(
        "{}: whoever listens there has another secret, or is no attune scheduler; give all processes of the "
        "job the same --secret-file",
        address_);
  }

  /// An answer to an earlier question that was asked twice.
  void DropAnswers() {
    zmq::message_t late;
    while (socket_.recv(late, zmq::recv_flags::dontwait)) {
    }
  }

  void ReadEvents() {
    while (const auto event = ReceiveEvent(monitor_)) {
      if (event->what == ZMQ_EVENT_CONNECTED) {
        seen_ = true;
        counted_ = false;
        began_ = Clock::now();
      } else if (event->what == ZMQ_EVENT_HANDSHAKE_SUCCEEDED) {
        connected_ = true;
        failed_ = 0;
      } else if (!connected_) {
        // One that has taken long is no answer: nobody there has looked at the connection yet.
        if (counted_ || Clock::now() - began_ > kPromptly) continue;
        counted_ = true;
        if (++failed_ >= kFailedHandshakes) ThrowOtherSecret();
      } else {
        connected_ = false;
      }
    }
  }

  const std::string address_;
  const std::function<void()> waiting_;
  zmq::context_t context_;
  zmq::socket_t socket_;
  zmq::socket_t monitor_;
  bool seen_ = false;       ///< somebody listens
  bool connected_ = false;  ///< and has the same secret
  bool counted_ = false;    ///< the failure of the present connection
  Clock::time_point began_{};
  int failed_ = 0;  ///< handshakes, one after the other
};

}  // namespace

SharedSecret SharedSecret::Of(const std::string& words) {
  return {PairOf(words, "listener"), PairOf(words, "caller")};
}

std::unique_ptr<SecretListener> MakeSecretListener(int listen_fd, const SharedSecret& secret) {
  return std::make_unique<ZmqSecretListener>(listen_fd, secret);
}

std::unique_ptr<SecretCaller> MakeSecretCaller(const std::string& address, const SharedSecret& secret,
                                               std::function<void()> waiting) {
  return std::make_unique<ZmqSecretCaller>(address, secret, std::move(waiting));
}

}  // namespace attune::net
