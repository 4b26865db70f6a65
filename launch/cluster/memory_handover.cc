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

/// Room for one descriptor beside the life that it is of.
struct Envelope {
  std::uint32_t life = 0;
  iovec part{&life, sizeof life};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};

  Envelope() {
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
  }
};

void SendDescriptor(int socket, const Descriptor& given) {
  Envelope envelope;
  envelope.life = given.life;
  cmsghdr* const header = CMSG_FIRSTHDR(&envelope.message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof given.fd);
  std::memcpy(CMSG_DATA(header), &given.fd, sizeof given.fd);
  sendmsg(socket, &envelope.message, MSG_NOSIGNAL | MSG_DONTWAIT);  // four bytes: there is room
}

std::optional<Descriptor> TakeDescriptor(int socket) {
  Envelope envelope;
  const ssize_t got = recvmsg(socket, &envelope.message, MSG_CMSG_CLOEXEC);
  const cmsghdr* const header = got < 0 ? nullptr : CMSG_FIRSTHDR(&envelope.message);
  if (header == nullptr || header->cmsg_type != SCM_RIGHTS) return std::nullopt;
  Descriptor taken{-1, envelope.life};
  std::memcpy(&taken.fd, CMSG_DATA(header), sizeof taken.fd);
  if (got == ssize_t{sizeof envelope.life}) return taken;
  close(taken.fd);
  return std::nullopt;
}

/// A connection to the server of that name, which is waited for; -1 if there is none.
int ConnectTo(const AbstractAddress& address, const timeval& within,
              std::chrono::steady_clock::time_point deadline) {
  const int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (client < 0) ThrowFailed("socket: {}", ErrnoText(errno));
  setsockopt(client, SOL_SOCKET, SO_SNDTIMEO, &within, sizeof within);  // of connect, where many wait
  while (connect(client, address.get(), address.size) != 0) {
    if (errno == ECONNREFUSED && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(kTryAgain);
      continue;
    }
    const int error = errno;
    close(client);
    errno = error;
    return -1;
  }
  return client;
}

}  // namespace

DescriptorServer::DescriptorServer(const std::string& name, int fd, std::uint32_t life)
    : fd_(fd), life_(life) {
  listening_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  stop_ = eventfd(0, EFD_CLOEXEC);
  const AbstractAddress address(name);
  if (listening_ < 0 || stop_ < 0 || bind(listening_, address.get(), address.size) != 0 ||
      listen(listening_, 128) != 0) {
    const int error = errno;
    for (const int own : {listening_, stop_}) {
      if (own >= 0) close(own);
    }
    ThrowFailed("cannot hand the tables to other processes of this host: {}", ErrnoText(error));
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
    if (SameUser(client)) SendDescriptor(client, {fd_, life_});
    close(client);
  }
}

Descriptor ReceiveDescriptor(const std::string& name, std::uint32_t least, std::chrono::seconds within) {
  const AbstractAddress address(name);
  const timeval time{static_cast<time_t>(within.count()), 0};
  const auto deadline = std::chrono::steady_clock::now() + within;
  while (true) {
    const int client = ConnectTo(address, time, deadline);
    const std::string why = client < 0 ? ErrnoText(errno) : SameUser(client) ? "" : "it is another user's";
    if (!why.empty()) {
      if (client >= 0) close(client);
      ThrowFailed("the process of this host that holds the tables does not hand them over: {}", why);
    }
    setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
    const auto taken = TakeDescriptor(client);
    close(client);
    if (taken && taken->life >= least) return *taken;
    if (taken) close(taken->fd);
    if (std::chrono::steady_clock::now() >= deadline) {
      ThrowFailed("the process of this host that holds the tables does not hand them over: {}",
                  taken ? "it has not heard yet that the job has begun again" : "it has ended");
    }
    std::this_thread::sleep_for(kTryAgain);
  }
}

}  // namespace attune::launch
