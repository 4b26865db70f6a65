#include "launch/cluster/memory_handover.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <optional>

#include "common/error.h"

namespace attune::launch {
namespace {

constexpr std::chrono::milliseconds kTryAgain(50);

struct AbstractAddress {
  sockaddr_un address{};
  socklen_t size = 0;

  explicit AbstractAddress(const std::string& name) {
    ATTUNE_CHECK(name.size() + 1 < sizeof address.sun_path);
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path + 1, name.data(), name.size());  // after a zero byte: no file
    size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&address); }
};

bool SameUser(int socket) {
  ucred credentials{};
  socklen_t size = sizeof credentials;
  return getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0 &&
         credentials.uid == geteuid();
}

/// Room for one descriptor beside a message of one byte.
struct Envelope {
  char byte = 'd';
  iovec part{&byte, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};

  Envelope() {
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
  }
};

void SendDescriptor(int socket, int fd) {
  Envelope envelope;
  cmsghdr* const header = CMSG_FIRSTHDR(&envelope.message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof fd);
  std::memcpy(CMSG_DATA(header), &fd, sizeof fd);
  sendmsg(socket, &envelope.message, MSG_NOSIGNAL | MSG_DONTWAIT);  // one byte: there is room
}

std::optional<int> TakeDescriptor(int socket) {
  Envelope envelope;
  if (recvmsg(socket, &envelope.message, MSG_CMSG_CLOEXEC) != 1) return std::nullopt;
  const cmsghdr* const header = CMSG_FIRSTHDR(&envelope.message);
  if (header == nullptr || header->cmsg_type != SCM_RIGHTS) return std::nullopt;
  int fd = -1;
  std::memcpy(&fd, CMSG_DATA(header), sizeof fd);
  return fd;
}

}  // namespace

DescriptorServer::DescriptorServer(const std::string& name, int fd) : fd_(fd) {
  listening_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  stop_ = eventfd(0, EFD_CLOEXEC);
  const AbstractAddress address(name);
  if (listening_ < 0 || stop_ < 0 || bind(listening_, address.get(), address.size) != 0 ||
      listen(listening_, 128) != 0) {
    ThrowFailed("cannot hand the tables to other processes of this host: {}", ErrnoText(errno));
  }
  thread_ = std::thread([this] { Serve(); });
}

DescriptorServer::~DescriptorServer() {
  eventfd_write(stop_, 1);
  thread_.join();
  close(listening_);
  close(stop_);
}

void DescriptorServer::Serve() const {
  while (true) {
    pollfd polled[2] = {{listening_, POLLIN, 0}, {stop_, POLLIN, 0}};
    if (poll(polled, 2, -1) < 0 && errno != EINTR) return;
    if (polled[1].revents != 0) return;
    const int client = accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) continue;
    if (SameUser(client)) SendDescriptor(client, fd_);
    close(client);
  }
}

int ReceiveDescriptor(const std::string& name, std::chrono::seconds within) {
  const AbstractAddress address(name);
  const int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (client < 0) ThrowFailed("socket: {}", ErrnoText(errno));
  const timeval time{static_cast<time_t>(within.count()), 0};
  setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
  setsockopt(client, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time);  // of connect, where many wait
  const auto deadline = std::chrono::steady_clock::now() + within;
  bool connected = connect(client, address.get(), address.size) == 0;
  while (!connected && errno == ECONNREFUSED && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(kTryAgain);
    connected = connect(client, address.get(), address.size) == 0;
  }
  const int error = errno;
  const bool trusted = connected && SameUser(client);
  const auto fd = trusted ? TakeDescriptor(client) : std::nullopt;
  close(client);
  if (fd) return *fd;
  ThrowFailed("the process of this host that holds the tables does not hand them over: {}",
              !connected ? ErrnoText(error)
              : trusted  ? "it has ended"
                         : "it is another user's");
}

}  // namespace attune::launch
