#include "launch/cluster/listening_socket.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <memory>

#include "common/error.h"

namespace attune::launch {

namespace {

/// @param name  of the address, for errors
int ListenAt(const sockaddr_in& address, const std::string& name) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) ThrowFailed("cannot make a socket: {}", ErrnoText(errno));
  const int reuse = 1;  // connections of a job before this one may still be closing
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof reuse);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 || listen(fd, 1024) != 0) {
    const int error = errno;
    close(fd);
    ThrowFailed("cannot listen on {}: {}", name, ErrnoText(error));
  }
  return fd;
}

}  // namespace

int ListeningSocket(const std::string& host) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  if (inet_pton(AF_INET, host.c_str(), &address.sin_addr) != 1) ThrowFailed("'{}' is no IPv4 address", host);
  return ListenAt(address, host);
}

std::string HostOf(const std::string& address) {
  const auto colon = address.rfind(':');
  unsigned port = 65'536;
  if (colon != std::string::npos && colon > 0) {
    const char* const end = address.data() + address.size();
    if (std::from_chars(address.data() + colon + 1, end, port).ptr != end) port = 65'536;
  }
  if (port > 65'535) ThrowUsage("'{}': expected HOST:PORT, for example node01:7700", address);
  return address.substr(0, colon);
}

int ListeningSocketAt(const std::string& address) {
  const std::string host = HostOf(address);
  addrinfo hints{};
  hints.ai_family = AF_INET;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* raw = nullptr;
  const int error = getaddrinfo(host.c_str(), address.substr(host.size() + 1).c_str(), &hints, &raw);
  if (error != 0) ThrowUsage("'{}': {}", address, gai_strerror(error));
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> list(raw, &freeaddrinfo);
  return ListenAt(*reinterpret_cast<const sockaddr_in*>(list->ai_addr), address);
}

std::string ProblemOfReaching(const std::string& endpoint, std::chrono::milliseconds within) {
  const std::string address = endpoint.substr(endpoint.rfind('/') + 1);
  const std::string host = HostOf(address);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  std::uint16_t port = 0;
  std::from_chars(address.data() + host.size() + 1, address.data() + address.size(), port);
  to.sin_port = htons(port);
  if (inet_pton(AF_INET, host.c_str(), &to.sin_addr) != 1) return "no IPv4 address";
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return ErrnoText(errno);
  std::string problem;
  if (connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) {
    pollfd polled{fd, POLLOUT, 0};
    int error = errno;
    socklen_t size = sizeof error;
    if (error == EINPROGRESS) {
      error = poll(&polled, 1, static_cast<int>(within.count())) == 1 ? 0 : ETIMEDOUT;
      if (error == 0) getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
    }
    if (error != 0) problem = ErrnoText(error);
  }
  close(fd);
  return problem;
}

std::string EndpointOf(int listening) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  std::array<char, INET_ADDRSTRLEN> text{};
  if (getsockname(listening, reinterpret_cast<sockaddr*>(&address), &size) != 0 ||
      inet_ntop(AF_INET, &address.sin_addr, text.data(), text.size()) == nullptr) {
    ThrowFailed("cannot tell a socket's address: {}", ErrnoText(errno));
  }
  return fmt::format("tcp://{}:{}", text.data(), ntohs(address.sin_port));
}

}  // namespace attune::launch
