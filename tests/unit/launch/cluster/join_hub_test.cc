#include "launch/cluster/join_hub.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <future>

#include "launch/cluster/listening_socket.h"
#include "tests/support/expect_error.h"

namespace attune::launch {
namespace {

using namespace std::chrono_literals;
using testing::ErrorOf;
using ::testing::HasSubstr;

class JoinHubTest : public ::testing::Test {
 protected:
  JoinHubTest() : fd_(ListeningSocketAt("127.0.0.1:0")), address_(EndpointOf(fd_).substr(6)) {}
  ~JoinHubTest() override { close(fd_); }

  std::unique_ptr<Rendezvous> Host(unsigned processes, std::chrono::seconds within = 30s) const {
    return MakeHubRendezvous(std::make_unique<JoinHub>(fd_, secret_, processes, within));
  }
  std::unique_ptr<Rendezvous> Join(std::chrono::seconds within = 30s) const {
    return JoinJob(address_, secret_, within).rendezvous;
  }

  const net::SharedSecret secret_ = net::SharedSecret::Of("a secret of this test");
  const int fd_;
  const std::string address_;
};

/// What a process of rank r gives in round n.
std::string Text(unsigned rank, unsigned round) {
  return std::string(1, '\0') + "\xff" + std::to_string(rank) + "." + std::to_string(round);
}

/// Takes part in some exchanges. @returns its rank
unsigned TakePart(Rendezvous& rendezvous) {
  for (unsigned round = 0; round < 5; ++round) {
    const auto all = rendezvous.Exchange(Text(rendezvous.rank(), round));
    EXPECT_EQ(all.size(), rendezvous.size());
    for (unsigned rank = 0; rank < all.size(); ++rank) EXPECT_EQ(all[rank], Text(rank, round));
  }
  return rendezvous.rank();
}

TEST_F(JoinHubTest, EveryProcessGetsWhatAllHaveGiven) {
  constexpr unsigned kProcesses = 6;
  std::vector<std::future<unsigned>> others;
  auto host = Host(kProcesses);
  for (unsigned n = 1; n < kProcesses; ++n) {
    others.push_back(std::async(std::launch::async, [&] { return TakePart(*Join()); }));
  }
  EXPECT_EQ(TakePart(*host), 0U);
  host.reset();  // what the others wait for must be on its way
  std::vector<unsigned> ranks;
  for (auto& other : others) ranks.push_back(other.get());
  std::ranges::sort(ranks);
  EXPECT_EQ(ranks, (std::vector<unsigned>{1, 2, 3, 4, 5}));
}

TEST_F(JoinHubTest, AnotherSecretIsRefused) {
  const auto host = Host(2);
  const auto other = net::SharedSecret::Of("another secret of this test");
  EXPECT_THAT(ErrorOf(ErrorKind::kFailed, [&] { JoinJob(address_, other, 30s); }),
              HasSubstr("another secret"));
}

TEST_F(JoinHubTest, WhereNobodyListensIsSaid) {
  close(fd_);
  EXPECT_THAT(ErrorOf(ErrorKind::kFailed, [&] { Join(1s); }), HasSubstr("nobody listens"));
}

TEST_F(JoinHubTest, TooFewProcessesAreCountedEverywhere) {
  const auto host = Host(3, 1s);
  const auto joined = Join();
  auto other = std::async(std::launch::async,
                          [&] { return ErrorOf(ErrorKind::kFailed, [&] { joined->Exchange("here"); }); });
  const std::string mine = ErrorOf(ErrorKind::kFailed, [&] { host->Exchange("here"); });
  EXPECT_THAT(mine, HasSubstr(" of 3 processes have joined within 1 s"));
  EXPECT_THAT(other.get(), HasSubstr(mine));
}

TEST_F(JoinHubTest, GarbageDoesNoHarm) {
  auto host = Host(2);
  // From somebody without the secret.
  const int raw = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  socklen_t size = sizeof address;
  getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
  ASSERT_EQ(connect(raw, reinterpret_cast<const sockaddr*>(&address), size), 0);
  const std::string noise(10'000, '\x7f');
  send(raw, noise.data(), noise.size(), MSG_NOSIGNAL);
  close(raw);
  // From somebody with it.
  const auto caller = net::MakeSecretCaller(address_, secret_);
  for (const std::string& text : {std::string(), std::string("\xff\xff"), noise, std::string(100'000, '['),
                                  std::string(R"({"what":"join"})"),
                                  std::string(R"({"what":"exchange","rank":1,"round":1,"text":"no hex"})")}) {
    EXPECT_NE(caller->Call(text, 30s).find("failure"), std::string::npos);
  }
  auto other = std::async(std::launch::async, [&] { return TakePart(*Join()); });
  EXPECT_EQ(TakePart(*host), 0U);
  host.reset();
  EXPECT_EQ(other.get(), 1U);
}

}  // namespace
}  // namespace attune::launch
