#include "common/net/zap_handler.h"

#include <zmq_addon.hpp>

#include <vector>

#include "common/error.h"

namespace attune::net {
namespace {

constexpr const char* kStop = "inproc://attune.zap.stop";

}  // namespace

ZapHandler::ZapHandler(zmq::context_t& context) : stop_(context, zmq::socket_type::pair) {
  zmq::socket_t socket(context, zmq::socket_type::rep);
  socket.set(zmq::sockopt::linger, 0);
  socket.bind("inproc://zeromq.zap.01");
  zmq::socket_t stopped(context, zmq::socket_type::pair);
  stopped.bind(kStop);
  stop_.connect(kStop);
  thread_ = std::thread([this, socket = std::move(socket), stopped = std::move(stopped)]() mutable {
    Serve(std::move(socket), std::move(stopped));
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

void ZapHandler::Serve(zmq::socket_t socket, zmq::socket_t stop) {
  while (true) {
    std::vector<zmq::pollitem_t> items = {{socket.handle(), 0, ZMQ_POLLIN, 0},
                                          {stop.handle(), 0, ZMQ_POLLIN, 0}};
    zmq::poll(items, std::chrono::milliseconds(-1));
    if ((items[1].revents & ZMQ_POLLIN) != 0) return;
    // version, request id, domain, address, identity, mechanism, credentials
    zmq::multipart_t request(socket);
    std::string key;
    if (request.size() == 7 && request.peekstr(5) == "CURVE" && request.at(6).size() == 32) {
      std::array<char, 41> text{};
      zmq_z85_encode(text.data(), request.at(6).data<std::uint8_t>(), 32);
      key = text.data();
    }
    const bool admitted = !key.empty() && Admitted(key);
    if (!admitted) refused_.fetch_add(1, std::memory_order_relaxed);
    zmq::multipart_t reply;
    reply.addstr("1.0");
    reply.addstr(request.size() > 1 ? request.peekstr(1) : "");
    // 300: it may try again, as a node must whose key has not come here yet. After 400 it never would.
    reply.addstr(admitted ? "200" : "300");
    reply.addstr(admitted ? "OK" : "not a node of this job");
    reply.addstr(key);  // User-Id of the connection's messages
    reply.addstr("");
    reply.send(socket);
  }
}

}  // namespace attune::net
