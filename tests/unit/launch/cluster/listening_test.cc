#include "launch/cluster/listening.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <barrier>
#include <thread>

#include "launch/cluster/listening_socket.h"

namespace attune::launch {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

/// Ranks that are threads.
class ThreadRendezvous : public Rendezvous {
 public:
  struct Shared {
    explicit Shared(unsigned size) : given(size), come(size) {}
    std::vector<std::string> given;
    std::barrier<> come;
  };
  ThreadRendezvous(Shared& shared, unsigned rank) : shared_(shared), rank_(rank) {}

  unsigned rank() const override { return rank_; }
  unsigned size() const override { return static_cast<unsigned>(shared_.given.size()); }
  std::vector<std::string> Exchange(const std::string& mine) override {
    shared_.given[rank_] = mine;
    shared_.come.arrive_and_wait();
    auto all = shared_.given;
    shared_.come.arrive_and_wait();
    return all;
  }

 private:
  Shared& shared_;
  const unsigned rank_;
};

/// Two ranks on hosts that both have these addresses, all of them on loopback.
std::vector<Listening> Listen(const std::vector<InterfaceAddress>& first,
                              const std::vector<InterfaceAddress>& second) {
  ThreadRendezvous::Shared shared(2);
  std::vector<Listening> listening(2);
  std::vector<std::thread> ranks;
  for (unsigned rank = 0; rank < 2; ++rank) {
    ranks.emplace_back([&, rank] {
      ThreadRendezvous rendezvous(shared, rank);
      listening[rank] = ListenForRanks(rendezvous, {first, second}, {"a", "b"}, "");
    });
  }
  for (std::thread& rank : ranks) rank.join();
  for (const Listening& one : listening) close(one.fd);
  return listening;
}

TEST(Listening, WhoCannotBeReachedIsSaid) {
  const int fd = ListeningSocket("127.0.0.1");
  const std::string endpoint = EndpointOf(fd);
  EXPECT_EQ(ProblemOfReaching(endpoint, 5s), "");
  close(fd);
  EXPECT_THAT(ProblemOfReaching(endpoint, 5s), HasSubstr("refused"));
}

TEST(Listening, RanksKnowEachOthersAddresses) {
  const auto listening =
      Listen({{"eth0", "127.0.0.2", "127.0.0.0/8"}}, {{"eth0", "127.0.0.3", "127.0.0.0/8"}});
  EXPECT_EQ(listening[0].unreachable, "");
  EXPECT_EQ(listening[0].host, "127.0.0.2");
  EXPECT_EQ(listening[0].addresses, listening[1].addresses);
  EXPECT_THAT(listening[1].addresses[1].endpoint, HasSubstr("tcp://127.0.0.3:"));
}

}  // namespace
}  // namespace attune::launch
