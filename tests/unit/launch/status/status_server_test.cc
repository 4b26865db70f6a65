#include "launch/status/status_server.h"

#include <gtest/gtest.h>

#include <list>
#include <nlohmann/json.hpp>

#include "tests/support/expect_error.h"
#include "tests/support/raw_connection.h"
#include "tests/unit/launch/status/full_status.h"

namespace attune::launch {
namespace {

using namespace std::chrono_literals;
using testing::RawConnection;

constexpr auto kSoon = 20s;

StatusServer::Options Quick(std::chrono::milliseconds patience = 10s, std::size_t connections = 32) {
  StatusServer::Options options;
  options.patience = patience;
  options.connections = connections;
  return options;
}

std::string PortOf(const StatusServer& server) {
  return ":" + std::to_string(server.port());
}

/// All that is said until the connection ends.
std::string Hear(const RawConnection& connection) {
  std::string heard;
  std::array<char, 65536> bytes{};
  pollfd polled{connection.fd(), POLLIN, 0};
  while (poll(&polled, 1, 20000) > 0) {
    const ssize_t got = recv(connection.fd(), bytes.data(), bytes.size(), 0);
    if (got <= 0) return heard;
    heard.append(bytes.data(), static_cast<std::size_t>(got));
  }
  ADD_FAILURE() << "no end of the connection";
  return heard;
}

std::string Get(const StatusServer& server, const std::string& target) {
  RawConnection connection(PortOf(server));
  connection.Send("GET " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
  shutdown(connection.fd(), SHUT_WR);
  return Hear(connection);
}

TEST(StatusServer, AnswersAtAPortOfTheSystemsChoice) {
  const StatusServer server(Quick(), testing::FullStatus);
  EXPECT_EQ(server.address(), "http://127.0.0.1" + PortOf(server) + "/");
  for (int n = 0; n < 20; ++n) {
    const std::string answer = Get(server, "/status");
    ASSERT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer.substr(0, 100);
    EXPECT_EQ(nlohmann::json::parse(answer.substr(answer.find("\r\n\r\n") + 4)).at("triples"), 10250000.0);
  }
  EXPECT_NE(Get(server, "/metrics").find("\nattune_status_requests_total 21\n"), std::string::npos);
}

TEST(StatusServer, AnotherAddressOfThisHost) {
  StatusServer::Options options = Quick();
  options.address = "::1";
  std::optional<StatusServer> six;
  try {
    six.emplace(options, testing::FullStatus);
    EXPECT_TRUE(six->address().starts_with("http://[::1]:"));
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("--status-address ::1"), std::string::npos);  // it has no IPv6
  }
  options.address = "nonsense";
  EXPECT_NE(testing::ErrorOf(ErrorKind::kUsage, [&] { StatusServer(options, testing::FullStatus); })
                .find("--status-address nonsense"),
            std::string::npos);
}

TEST(StatusServer, APortInUseIsAClearError) {
  const StatusServer first(Quick(), testing::FullStatus);
  StatusServer::Options options = Quick();
  options.port = first.port();
  EXPECT_NE(testing::ErrorOf(ErrorKind::kFailed, [&] { StatusServer(options, testing::FullStatus); })
                .find("another program has this port"),
            std::string::npos);
  EXPECT_TRUE(Get(first, "/").starts_with("HTTP/1.1 200"));
}

TEST(StatusServer, AnAddressOfAnotherHostIsAClearError) {
  StatusServer::Options options = Quick();
  options.address = "192.0.2.1";  // in documents only
  const std::string error =
      testing::ErrorOf(ErrorKind::kFailed, [&] { StatusServer(options, testing::FullStatus); });
  EXPECT_TRUE(error.starts_with("--status-address 192.0.2.1: ")) << error;
  EXPECT_NE(error.find("no address of this host; pass 127.0.0.1"), std::string::npos) << error;
}

TEST(StatusServer, CutsWhoIsSlow) {
  const StatusServer server(Quick(100ms), testing::FullStatus);
  RawConnection silent(PortOf(server));
  RawConnection slow(PortOf(server));
  slow.Send("GET /status HTTP/1.1\r\nHost: ");
  RawConnection reads_nothing(PortOf(server));
  reads_nothing.Send("GET / HTTP/1.1\r\n\r\n");
  EXPECT_TRUE(silent.EndsWithin(kSoon));
  EXPECT_TRUE(slow.EndsWithin(kSoon));
  EXPECT_TRUE(reads_nothing.EndsWithin(kSoon));
}

TEST(StatusServer, NewcomersTakeThePlaceOfThoseWhoWait) {
  const StatusServer server(Quick(1h, 4), testing::FullStatus);
  std::list<RawConnection> idle;
  for (int n = 0; n < 50; ++n) idle.emplace_back(PortOf(server)).Send("GET /");
  const std::string answer = Get(server, "/metrics");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n"));
  EXPECT_TRUE(idle.front().EndsWithin(kSoon));
  EXPECT_NE(answer.find("\nattune_status_refused_total 47\n"), std::string::npos) << answer;
}

TEST(StatusServer, HostileBytesDoNotHoldItUp) {
  const StatusServer server(Quick(), testing::FullStatus);
  std::uint32_t random = 1;
  for (int n = 0; n < 200; ++n) {
    RawConnection connection(PortOf(server));
    std::string bytes = n % 2 == 0 ? "" : "GET /status HTTP/1.1\r\n";
    for (int byte = 0; byte < 20000; ++byte)
      bytes += static_cast<char>((random = random * 1664525 + 1013904223) >> 24);
    connection.Send(bytes);
  }
  EXPECT_TRUE(Get(server, "/status").starts_with("HTTP/1.1 200 OK\r\n"));
}

TEST(StatusServer, APostIsAnsweredAlthoughItsBodyIsNotRead) {
  const StatusServer server(Quick(), testing::FullStatus);
  RawConnection connection(PortOf(server));
  connection.Send("POST /status HTTP/1.1\r\nContent-Length: 20000\r\n\r\n" + std::string(20000, 'x'));
  shutdown(connection.fd(), SHUT_WR);
  EXPECT_TRUE(Hear(connection).starts_with("HTTP/1.1 405 "));
}

TEST(StatusServer, EndsWithConnectionsOpen) {
  std::optional<StatusServer> server(std::in_place, Quick(1h), testing::FullStatus);
  RawConnection idle(PortOf(*server));
  idle.Send("GET /status");
  EXPECT_TRUE(Get(*server, "/status").starts_with("HTTP/1.1 200"));
  server.reset();
  EXPECT_TRUE(idle.EndsWithin(kSoon));
}

}  // namespace
}  // namespace attune::launch
