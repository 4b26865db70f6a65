#include "common/net/zap_handler.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <zmq_addon.hpp>

#include <array>
#include <cerrno>
#include <utility>

#include "common/error.h"
#include "common/net/socket_events.h"
#include "common/thread.h"

namespace attune::net {
namespace {

constexpr const char* kStop = "inproc://attune.zap.stop";
constexpr const char* kEvents = "inproc://attune.zap.events";

/// Empty if the other side has ended the connection already.
std::string AddressOfPeer(int fd) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  std::array<char, INET_ADDRSTRLEN> text{};
  if (getpeername(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0 || address.sin_family != AF_INET ||
      inet_ntop(AF_INET, &address.sin_addr, text.data(), text.size()) == nullptr) {
    return {};
  }
  return text.data();
}

}  // namespace

ZapHandler::ZapHandler(zmq::context_t& context) : stop_(context, zmq::socket_type::pair) {
  zmq::socket_t asked(context, zmq::socket_type::rep);
  asked.set(zmq::sockopt::linger, 0);
  asked.bind("inproc://zeromq.zap.01");
  zmq::socket_t events(context, zmq::socket_type::pair);
  events.set(zmq::sockopt::linger, 0);
  events.connect(kEvents);
  zmq::socket_t stopped(context, zmq::socket_type::pair);
  stopped.bind(kStop);
  stop_.connect(kStop);
  const BlockedSignals others_take_them;  // one that ended its wait would be an error
  thread_ = std::thread(
      [this, asked = std::move(asked), events = std::move(events), stopped = std::move(stopped)]() mutable {
        Serve(std::move(asked), std::move(events), std::move(stopped));
      });
}

ZapHandler::~ZapHandler() {
  stop_.send(zmq::message_t(), zmq::send_flags::none);
  thread_.join();
}

void ZapHandler::Admit(const std::string& public_key) {
  const std::lock_guard lock(mutex_);
  keys_.insert(public_key);
}

void ZapHandler::Remove(const std::string& public_key) {
  const std::lock_guard lock(mutex_);
  const auto at = keys_.find(public_key);
  if (at != keys_.end()) keys_.erase(at);
}

bool ZapHandler::Admitted(const std::string& key) {
  const std::lock_guard lock(mutex_);
  return keys_.contains(key);
}

void ZapHandler::Watch(zmq::socket_t& listening) {
  constexpr int kWatched = ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_DISCONNECTED;
  if (zmq_socket_monitor(listening.handle(), kEvents, kWatched) != 0) {
    ThrowFailed("cannot watch who connects: {}", ErrnoText(errno));
  }
}

void ZapHandler::Serve(zmq::socket_t asked, zmq::socket_t events, zmq::socket_t stop) {
  while (true) {
    std::array<zmq::pollitem_t, 3> items = {{{asked.handle(), 0, ZMQ_POLLIN, 0},
                                             {events.handle(), 0, ZMQ_POLLIN, 0},
                                             {stop.handle(), 0, ZMQ_POLLIN, 0}}};
    zmq::poll(items.data(), items.size(), std::chrono::milliseconds(-1));
    if ((items[2].revents & ZMQ_POLLIN) != 0) return;
    if ((items[0].revents & ZMQ_POLLIN) != 0) Answer(asked);
    if ((items[1].revents & ZMQ_POLLIN) != 0) Follow(events);
  }
}

void ZapHandler::Answer(zmq::socket_t& asked) {
  // version, request id, domain, address, identity, mechanism, credentials
  zmq::multipart_t request(asked);
  std::string key;
  if (request.size() == 7 && request.peekstr(5) == "CURVE" && request.at(6).size() == 32) {
    std::array<char, 41> text{};
    zmq_z85_encode(text.data(), request.at(6).data<std::uint8_t>(), 32);
    key = text.data();
  }
  const bool admitted = !key.empty() && Admitted(key);
  if (!admitted) refused_.Add(request.size() > 3 ? request.peekstr(3) : "", "their key is not of this job");
  zmq::multipart_t reply;
  reply.addstr("1.0");
  reply.addstr(request.size() > 1 ? request.peekstr(1) : "");
  // 300: it may try again, as a node must whose key has not come here yet. After 400 it never would.
  reply.addstr(admitted ? "200" : "300");
  reply.addstr(admitted ? "OK" : "not a node of this job");
  reply.addstr(key);  // User-Id of the connection's messages
  reply.addstr("");
  reply.send(asked);
}

/// ZeroMQ says that a handshake was wrong without saying whose; the end of that connection comes next.
void ZapHandler::Follow(zmq::socket_t& events) {
  const auto event = ReceiveEvent(events);
  if (!event) return;
  if (event->what == ZMQ_EVENT_ACCEPTED)
    accepted_[event->value] = AddressOfPeer(static_cast<int>(event->value));
  if (event->what == ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL) broken_ = true;
  if (event->what != ZMQ_EVENT_DISCONNECTED) return;
  const auto ended = accepted_.extract(event->value);
  if (!std::exchange(broken_, false)) return;
  refused_.Add(ended.empty() ? "" : ended.mapped(), "no encryption, or a handshake that is wrong");
}

}  // namespace attune::net
