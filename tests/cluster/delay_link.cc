// delay_link INTERFACE INTERFACE MILLISECONDS: hands Ethernet frames from each interface to the other, so
// much later. For tests with hosts in network namespaces, where the system has no netem. Says "ready" when it
// listens; ends on SIGTERM.

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

/// Largest frame, with what the system says of its checksum and segments before it.
constexpr std::size_t kFrameBytes = 80 << 10;
/// Frames beyond this are lost, as in a router.
constexpr std::size_t kMostFrames = 100'000;

[[noreturn]] void Fail(const char* what) {
  std::fprintf(stderr, "delay_link: %s: %s\n", what, std::strerror(errno));
  std::exit(1);
}

/// A socket that hears the frames of an interface, and sends there.
int Open(const char* interface) {
  const int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, htons(ETH_P_ALL));
  if (fd < 0) Fail("socket");
  // Frames larger than the link's stay whole: their checksums and segments are made at the other end.
  const int on = 1;
  const int buffer = 32 << 20;
  if (setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof on) != 0) Fail("PACKET_VNET_HDR");
  if (setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof on) != 0) Fail("PACKET_IGNORE_OUTGOING");
  setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof buffer);
  setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &buffer, sizeof buffer);
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ETH_P_ALL);
  address.sll_ifindex = static_cast<int>(if_nametoindex(interface));
  if (address.sll_ifindex == 0) Fail(interface);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) Fail(interface);
  packet_mreq all{};
  all.mr_ifindex = address.sll_ifindex;
  all.mr_type = PACKET_MR_PROMISC;
  if (setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &all, sizeof all) != 0) Fail("PACKET_MR_PROMISC");
  return fd;
}

/// One direction.
class Way {
 public:
  Way(int from, int to, Clock::duration delay) : from_(from), to_(to), delay_(delay) {}

  int from() const { return from_; }

  void Receive() {
    static std::array<char, kFrameBytes> frame;
    while (true) {
      const ssize_t bytes = recv(from_, frame.data(), frame.size(), 0);
      if (bytes <= 0) return;
      if (waiting_.size() < kMostFrames) {
        waiting_.push_back({Clock::now() + delay_, {frame.data(), frame.data() + bytes}});
      }
    }
  }

  /// Sends what is due. @returns how long nothing more will be
  Clock::duration Send() {
    while (!waiting_.empty()) {
      const auto left = waiting_.front().due - Clock::now();
      if (left > Clock::duration::zero()) return left;
      const std::vector<char>& bytes = waiting_.front().bytes;
      if (send(to_, bytes.data(), bytes.size(), 0) < 0 && (errno == EAGAIN || errno == ENOBUFS)) {
        return std::chrono::microseconds(50);
      }
      waiting_.pop_front();
    }
    return std::chrono::seconds(1);
  }

 private:
  struct Frame {
    Clock::time_point due;
    std::vector<char> bytes;
  };

  const int from_, to_;
  const Clock::duration delay_;
  std::deque<Frame> waiting_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: delay_link INTERFACE INTERFACE MILLISECONDS\n");
    return 2;
  }
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  const int a = Open(argv[1]);
  const int b = Open(argv[2]);
  const auto delay = std::chrono::duration_cast<Clock::duration>(
      std::chrono::duration<double, std::milli>(std::atof(argv[3])));
  std::array<Way, 2> ways = {Way(a, b, delay), Way(b, a, delay)};
  std::puts("ready");
  std::fflush(stdout);
  while (true) {
    Clock::duration wait = std::min(ways[0].Send(), ways[1].Send());
    std::array<pollfd, 2> fds = {{{a, POLLIN, 0}, {b, POLLIN, 0}}};
    const auto nanoseconds = std::chrono::duration_cast<std::chrono::nanoseconds>(wait).count();
    const timespec time{nanoseconds / 1'000'000'000, nanoseconds % 1'000'000'000};
    ppoll(fds.data(), fds.size(), &time, nullptr);
    for (Way& way : ways) way.Receive();
  }
}
