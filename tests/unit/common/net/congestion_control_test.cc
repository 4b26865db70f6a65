#include "common/net/congestion_control.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/net/zmq_transport.h"
#include "common/wire/sync_messages.h"
#include "tests/support/raw_connection.h"

namespace attune::net {
namespace {

using namespace std::chrono_literals;
constexpr auto kDeadline = 20s;

std::string AlgorithmOf(int connection) {
  std::array<char, 17> name{};
  socklen_t size = name.size() - 1;
  return getsockopt(connection, IPPROTO_TCP, TCP_CONGESTION, name.data(), &size) == 0 ? name.data() : "";
}

std::string AlgorithmOfSystem() {
  const testing::LoopbackListener listener;
  return AlgorithmOf(listener.fd());
}

/// Every kernel lets everybody have reno.
std::string AnotherAlgorithm() {
  return AlgorithmOfSystem() == "reno" ? "cubic" : "reno";
}

struct Connection {
  int fd = -1;
  std::string algorithm;
};

/// Connections of this process to the endpoint, by their own ports.
std::map<int, Connection> ConnectionsTo(const std::string& endpoint) {
  const int port = std::stoi(endpoint.substr(endpoint.rfind(':') + 1));
  std::map<int, Connection> connections;
  for (const auto& file : std::filesystem::directory_iterator("/proc/self/fd")) {
    const int fd = std::stoi(file.path().filename());
    sockaddr_in peer{};
    socklen_t size = sizeof peer;
    if (getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) != 0 || peer.sin_family != AF_INET)
      continue;
    sockaddr_in own{};
    if (ntohs(peer.sin_port) != port || getsockname(fd, reinterpret_cast<sockaddr*>(&own), &size) != 0)
      continue;
    connections[ntohs(own.sin_port)] = {fd, AlgorithmOf(fd)};
  }
  return connections;
}

/// A node that sends, by both of its connections, to one that takes what comes.
class SharedLink : public ::testing::Test {
 protected:
  void Start(const std::string& algorithm) {
    ZmqOptions options;
    options.node = 1;
    options.congestion_control = algorithm;
    from_ = MakeZmqTransport(options);
    options.node = 2;
    to_ = MakeZmqTransport(options);
    from_->Connect(2, to_->address());
  }
  /// Sends until two connections that were not there before have the algorithm.
  void ExpectBothGet(const std::string& algorithm, const std::map<int, Connection>& before = {}) {
    const auto frame = static_cast<std::uint16_t>(wire::SyncType::kUp);
    const auto deadline = std::chrono::steady_clock::now() + kDeadline;
    std::size_t have = 0;
    while (have < 2 && std::chrono::steady_clock::now() < deadline) {
      from_->Send(2, {1, "", {}, {}});
      from_->Send(2, {frame, "", {}, wire::Bytes::Of(std::vector<float>(100))});
      to_->Receive(1ms);
      const auto connections = ConnectionsTo(to_->address().endpoint);
      have = std::ranges::count_if(connections, [&](const auto& one) {
        return one.second.algorithm == algorithm && !before.contains(one.first);
      });
    }
    EXPECT_EQ(have, 2u);
  }

  std::unique_ptr<Transport> from_, to_;
};

TEST_F(SharedLink, ConnectionsGetTheAlgorithmAndThoseThatAreMadeAgainToo) {
  const std::string another = AnotherAlgorithm();
  if (!CongestionControl(another).differs()) GTEST_SKIP() << another << " is not allowed here";
  Start(another);
  ExpectBothGet(another);
  const auto before = ConnectionsTo(to_->address().endpoint);
  ASSERT_EQ(before.size(), 2u);
  for (const auto& [port, connection] : before) shutdown(connection.fd, SHUT_RDWR);
  ExpectBothGet(another, before);
}

TEST_F(SharedLink, WithoutOneTheyHaveTheSystems) {
  Start("");
  ExpectBothGet(AlgorithmOfSystem());
}

TEST_F(SharedLink, OneThatTheKernelDoesNotHaveIsWarnedOf) {
  ::testing::internal::CaptureStderr();
  Start("no-such-thing");
  const std::string log = ::testing::internal::GetCapturedStderr();
  EXPECT_NE(log.find("'no-such-thing': No such file or directory; connections keep '" + AlgorithmOfSystem()),
            std::string::npos)
      << log;
  ExpectBothGet(AlgorithmOfSystem());
}

TEST(CongestionControl, AutoReplacesBbrAlone) {
  const bool bbr = AlgorithmOfSystem().starts_with("bbr");
  if (bbr && !CongestionControl("cubic").differs()) GTEST_SKIP() << "cubic is not allowed here";
  EXPECT_EQ(CongestionControl(CongestionControl::kAuto).differs(), bbr);
}

TEST(CongestionControl, TheSystemsOwnIsNoDifference) {
  EXPECT_FALSE(CongestionControl(AlgorithmOfSystem()).differs());
  EXPECT_FALSE(CongestionControl("").differs());
}

}  // namespace
}  // namespace attune::net
