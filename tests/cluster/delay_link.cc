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

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <deque>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

/// Largest frame, with what the system says of its checksum and segments before it.
constexpr std::size_t kFrameBytes = 80 << 10;
/// Frames beyond this are lost, as in a router.
constexpr std::size_t kMostFrames = 10'000;
/// Frames that are due within this time of each other leave together.
constexpr auto kTogether = std::chrono::milliseconds(1);

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
  if (setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on) != 0) Fail("SO_TIMESTAMPNS");
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

/// How long ago the system had a frame, by its own time of it; at most so long.
Clock::duration Age(msghdr& message, Clock::duration most) {
  const cmsghdr* about = CMSG_FIRSTHDR(&message);
  if (about == nullptr || about->cmsg_level != SOL_SOCKET || about->cmsg_type != SCM_TIMESTAMPNS) return {};
  timespec then{};
  timespec now{};
  std::memcpy(&then, CMSG_DATA(about), sizeof then);
  clock_gettime(CLOCK_REALTIME, &now);
  const auto age =
      std::chrono::seconds(now.tv_sec - then.tv_sec) + std::chrono::nanoseconds(now.tv_nsec - then.tv_nsec);
  return std::clamp<Clock::duration>(age, {}, most);
}

/// One direction. A frame is received where it waits, in the memory that was used last: a program that takes
/// fresh pages for frames keeps processors busy that the hosts of the test need.
class Way {
 public:
  Way(int from, int to, Clock::duration delay) : from_(from), to_(to), delay_(delay) {}

  int from() const { return from_; }

  void Receive() {
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(timespec))> about;
    while (true) {
      if (spare_.empty()) spare_.push_back(std::make_unique_for_overwrite<Bytes>());
      iovec where{spare_.back()->data(), kFrameBytes};
      msghdr message{};
      message.msg_iov = &where;
      message.msg_iovlen = 1;
      message.msg_control = about.data();
      message.msg_controllen = about.size();
      const ssize_t size = recvmsg(from_, &message, 0);
      if (size <= 0) return;
      if (waiting_.size() == kMostFrames) continue;
      const Clock::time_point due = Clock::now() - Age(message, delay_) + delay_;
      waiting_.push_back({due, std::move(spare_.back()), static_cast<std::size_t>(size)});
      spare_.pop_back();
    }
  }

  /// Sends what is due. @returns how long nothing more will be; nothing if no frame waits
  std::optional<Clock::duration> Send() {
    while (!waiting_.empty()) {
      Frame& frame = waiting_.front();
      const auto left = frame.due - Clock::now();
      if (left > Clock::duration::zero()) return left;
      if (send(to_, frame.bytes->data(), frame.size, 0) < 0 && (errno == EAGAIN || errno == ENOBUFS)) {
        return std::chrono::microseconds(50);
      }
      spare_.push_back(std::move(frame.bytes));
      waiting_.pop_front();
    }
    return {};
  }

 private:
  using Bytes = std::array<char, kFrameBytes>;
  struct Frame {
    Clock::time_point due;
    std::unique_ptr<Bytes> bytes;
    std::size_t size;
  };

  const int from_, to_;
  const Clock::duration delay_;
  std::deque<Frame> waiting_;
  std::vector<std::unique_ptr<Bytes>> spare_;
};

/// Until there is something to do. While frames wait, those that come meanwhile are due after them, so nobody
/// needs to wake for those: the system has written down when they came.
void Wait(const std::array<Way, 2>& ways, std::optional<Clock::duration> until_due) {
  if (until_due) return std::this_thread::sleep_for(std::max<Clock::duration>(*until_due, kTogether));
  std::array<pollfd, 2> fds = {{{ways[0].from(), POLLIN, 0}, {ways[1].from(), POLLIN, 0}}};
  poll(fds.data(), fds.size(), -1);
}

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
    std::optional<Clock::duration> until_due;
    for (Way& way : ways) {
      way.Receive();
      const auto left = way.Send();
      if (left && (!until_due || *left < *until_due)) until_due = left;
    }
    Wait(ways, until_due);
  }
}
