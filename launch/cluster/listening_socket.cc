#include "launch/cluster/listening_socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "common/error.h"

namespace attune::launch {

int ListeningSocket(const std::string& host) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  if (inet_pton(AF_INET, host.c_str(), &address.sin_addr) != 1) ThrowFailed("'{}' is no IPv4 address", host);
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) ThrowFailed("cannot make a socket: {}", ErrnoText(errno));
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 || listen(fd, 1024) != 0) {
    const int error = errno;
    close(fd);
    ThrowFailed("cannot listen on {}: {}", host, ErrnoText(error));
  }
  return fd;
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
