#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <thread>

namespace attune::testing {

/// A socket that listens on a port of loopback.
class LoopbackListener {
 public:
  LoopbackListener() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(listen(fd_, 16), 0);
    socklen_t size = sizeof address;
    EXPECT_EQ(getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    address_ = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  }
  ~LoopbackListener() { close(fd_); }
  LoopbackListener(const LoopbackListener&) = delete;
  LoopbackListener& operator=(const LoopbackListener&) = delete;

  int fd() const { return fd_; }
  /// "127.0.0.1:41233"
  const std::string& address() const { return address_; }

 private:
  const int fd_;
  std::string address_;
};

/// A connection that is not ZeroMQ's.
class RawConnection {
 public:
  /// @param endpoint  "tcp://127.0.0.1:41233", or without what is before the port
  explicit RawConnection(const std::string& endpoint) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(endpoint.substr(endpoint.rfind(':') + 1))));
    EXPECT_EQ(connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  }
  ~RawConnection() { close(fd_); }
  RawConnection(const RawConnection&) = delete;
  RawConnection& operator=(const RawConnection&) = delete;

  int fd() const { return fd_; }

  void Send(const std::string& bytes) {
    for (std::size_t sent = 0; sent < bytes.size();) {
      const ssize_t n = send(fd_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
      if (n <= 0) return;  // it was thrown out
      sent += static_cast<std::size_t>(n);
    }
  }

  /// Whether the other side ends the connection within this time; what it says is dropped.
  bool EndsWithin(std::chrono::milliseconds time) {
    const auto deadline = std::chrono::steady_clock::now() + time;
    std::array<char, 4096> said{};
    while (true) {
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
      pollfd polled{fd_, POLLIN, 0};
      if (left.count() <= 0 || poll(&polled, 1, static_cast<int>(left.count())) <= 0) return false;
      if (recv(fd_, said.data(), said.size(), 0) <= 0) return true;
    }
  }

 private:
  const int fd_;
};

/// Somebody in the middle: passes one connection on to `to`, and keeps what the caller has said.
class Eavesdropper {
 public:
  explicit Eavesdropper(const std::string& to) : to_(to), thread_([this] { Pass(); }) {}
  ~Eavesdropper() { End(); }
  Eavesdropper(const Eavesdropper&) = delete;
  Eavesdropper& operator=(const Eavesdropper&) = delete;

  const std::string& address() const { return listener_.address(); }

  /// Cuts the connection. @returns what the caller has said
  std::string End() {
    stop_.store(true);
    if (thread_.joinable()) thread_.join();
    return heard_;
  }

 private:
  void Pass() {
    pollfd waiting{listener_.fd(), POLLIN, 0};
    while (poll(&waiting, 1, 10) == 0) {
      if (stop_.load()) return;
    }
    const int caller = accept4(listener_.fd(), nullptr, nullptr, SOCK_CLOEXEC);
    RawConnection called(to_);
    std::array<char, 65536> bytes{};
    while (!stop_.load()) {
      std::array<pollfd, 2> polled = {{{caller, POLLIN, 0}, {called.fd(), POLLIN, 0}}};
      if (poll(polled.data(), polled.size(), 10) <= 0) continue;
      for (std::size_t side = 0; side < 2; ++side) {
        if (polled[side].revents == 0) continue;
        const ssize_t got = recv(polled[side].fd, bytes.data(), bytes.size(), 0);
        if (got <= 0) stop_.store(true);
        if (got <= 0) break;
        const auto size = static_cast<std::size_t>(got);
        send(polled[1 - side].fd, bytes.data(), size, MSG_NOSIGNAL);
        if (side == 0) heard_.append(bytes.data(), size);
      }
    }
    close(caller);
  }

  const std::string to_;
  const LoopbackListener listener_;
  std::atomic<bool> stop_{false};
  std::string heard_;
  std::thread thread_;  ///< last: uses the others
};

}  // namespace attune::testing
