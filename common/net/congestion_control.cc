#include "common/net/congestion_control.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <optional>
#include <utility>

#include "common/error.h"
#include "common/log.h"
#include "common/net/socket_events.h"

namespace attune::net {
namespace {

constexpr auto kLookEvery = std::chrono::milliseconds(100);

std::string AlgorithmOf(int connection) {
  constexpr std::size_t kCharacters = 16;  // TCP_CA_NAME_MAX of the kernel
  std::array<char, kCharacters + 1> name{};
  socklen_t size = kCharacters;
  return getsockopt(connection, IPPROTO_TCP, TCP_CONGESTION, name.data(), &size) == 0 ? name.data() : "";
}

bool Set(int connection, const std::string& algorithm) {
  return setsockopt(connection, IPPROTO_TCP, TCP_CONGESTION, algorithm.data(),
                    static_cast<socklen_t>(algorithm.size())) == 0;
}

}  // namespace

CongestionControl::CongestionControl(std::string algorithm) : algorithm_(std::move(algorithm)) {
  if (algorithm_.empty()) return;
  const int trial = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (trial < 0) return;  // who connects will say so
  const std::string own = AlgorithmOf(trial);
  if (algorithm_ == kAuto) algorithm_ = own.starts_with("bbr") ? "cubic" : own;
  differs_ = own != algorithm_ && Set(trial, algorithm_);
  if (!differs_ && own != algorithm_) {
    log::Warning(
        "congestion control '{}': {}; connections keep '{}', the system's (sysctl "
        "net.ipv4.tcp_available_congestion_control and tcp_allowed_congestion_control)",
        algorithm_, ErrnoText(errno), own);
  }
  close(trial);
}

void CongestionControl::Apply(int connection) const {
  if (differs_) Set(connection, algorithm_);
}

ConnectionWatch::ConnectionWatch(zmq::context_t& context, zmq::socket_t& socket)
    : watched_(socket.handle()), events_(context, zmq::socket_type::pair) {
  static std::atomic<std::uint64_t> number = 0;
  const std::string endpoint = fmt::format("inproc://attune.made.{}", number++);
  events_.set(zmq::sockopt::linger, 0);
  events_.set(zmq::sockopt::rcvhwm, 0);  // who tells never waits for who reads
  if (zmq_socket_monitor(watched_, endpoint.c_str(), ZMQ_EVENT_CONNECTED) != 0) throw zmq::error_t();
  events_.connect(endpoint);
}

ConnectionWatch::~ConnectionWatch() {
  zmq_socket_monitor(watched_, nullptr, 0);
}

void ConnectionWatch::Apply(const CongestionControl& control) {
  const auto now = std::chrono::steady_clock::now();
  if (seen_ && now - looked_ < kLookEvery) return;
  looked_ = now;
  // Of several the last is the one that is there.
  std::optional<int> connection;
  while (const auto event = ReceiveEvent(events_)) {
    if (event->what == ZMQ_EVENT_CONNECTED) connection = static_cast<int>(event->value);
  }
  if (!connection) return;
  control.Apply(*connection);
  seen_ = true;
}

}  // namespace attune::net
