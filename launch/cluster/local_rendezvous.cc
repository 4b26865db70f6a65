#include "launch/cluster/local_rendezvous.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <optional>

#include "common/error.h"

namespace attune::launch {
namespace {

/// Longer messages come of something else.
constexpr std::uint64_t kMostBytes = std::uint64_t{64} << 20;

/// False at the end of the stream.
bool ReadAll(int socket, void* to, std::size_t bytes) {
  auto* at = static_cast<char*>(to);
  while (bytes > 0) {
    const ssize_t got = recv(socket, at, bytes, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    at += got;
    bytes -= static_cast<std::size_t>(got);
  }
  return true;
}

void WriteAll(int socket, const void* from, std::size_t bytes) {
  const auto* at = static_cast<const char*>(from);
  while (bytes > 0) {
    const ssize_t put = send(socket, at, bytes, MSG_NOSIGNAL);
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return;  // whoever reads there has ended
    at += put;
    bytes -= static_cast<std::size_t>(put);
  }
}

void WriteText(int socket, const std::string& text) {
  const std::uint64_t bytes = text.size();
  WriteAll(socket, &bytes, sizeof bytes);
  WriteAll(socket, text.data(), bytes);
}

std::optional<std::string> ReadText(int socket) {
  std::uint64_t bytes = 0;
  if (!ReadAll(socket, &bytes, sizeof bytes) || bytes > kMostBytes) return std::nullopt;
  std::string text(bytes, '\0');
  if (!ReadAll(socket, text.data(), bytes)) return std::nullopt;
  return text;
}

void SetDeadline(int socket, std::chrono::seconds deadline) {
  const timeval time{static_cast<time_t>(deadline.count()), 0};
  setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
  setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time);
}

class LocalRendezvous : public Rendezvous {
 public:
  LocalRendezvous(unsigned rank, unsigned size, int socket) : rank_(rank), size_(size), socket_(socket) {
    SetDeadline(socket_, kRendezvousDeadline);
  }
  ~LocalRendezvous() override { close(socket_); }

  unsigned rank() const override { return rank_; }
  unsigned size() const override { return size_; }

  std::vector<std::string> Exchange(const std::string& mine) override {
    WriteText(socket_, mine);
    std::vector<std::string> all(size_);
    for (std::string& one : all) {
      auto text = ReadText(socket_);
      if (!text) {
        ThrowFailed("rank {}: the other ranks did not come within {} s, or the launcher has ended", rank_,
                    kRendezvousDeadline.count());
      }
      one = *std::move(text);
    }
    return all;
  }

 private:
  const unsigned rank_, size_;
  const int socket_;
};

}  // namespace

std::unique_ptr<Rendezvous> MakeLocalRendezvous(unsigned rank, unsigned size, int socket) {
  return std::make_unique<LocalRendezvous>(rank, size, socket);
}

std::unique_ptr<Rendezvous> FindLocalRendezvous() {
  const char* at = std::getenv(kLocalVariable);
  if (at == nullptr) return nullptr;
  const char* const end = at + std::strlen(at);
  unsigned numbers[3] = {};
  for (unsigned& number : numbers) {
    const auto read = std::from_chars(at, end, number);
    if (read.ec != std::errc()) return nullptr;
    at = read.ptr == end ? end : read.ptr + 1;
  }
  const auto [rank, size, socket] = numbers;
  if (rank >= size) return nullptr;
  return MakeLocalRendezvous(rank, size, static_cast<int>(socket));
}

LocalExchange::LocalExchange(std::vector<int> sockets)
    : sockets_(std::move(sockets)), given_(sockets_.size()) {
  for (const int socket : sockets_) SetDeadline(socket, kRendezvousDeadline);
}

bool LocalExchange::Read(unsigned rank) {
  auto text = ReadText(sockets_[rank]);
  if (!text) return false;
  given_[rank] = *std::move(text);
  if (++come_ < sockets_.size()) return true;
  come_ = 0;
  for (const int socket : sockets_) {
    for (const std::string& one : given_) WriteText(socket, one);
  }
  return true;
}

}  // namespace attune::launch
