#include "launch/cluster/leaving.h"

#include <gtest/gtest.h>

namespace attune::launch {
namespace {

using namespace std::chrono_literals;
using worker::LeaseClient;

struct Case {
  bool told;  ///< to leave
  bool gone;  ///< nobody listens where the scheduler was
  bool must_be_let_go;
  std::chrono::seconds silence;
};

LeaseClient::State After(const Case& given) {
  const LeaseClient::Time now = LeaseClient::Time{} + 1h;
  LeaseClient client({}, now);
  const Peers peers(1, "host");
  Leaving leaving({[&] { return given.told; },
                   [] { return false; },
                   [] {},
                   [] { return wire::NodeCounters(); },
                   [&] { return given.gone; },
                   given.must_be_let_go,
                   {}},
                  client, nullptr, peers);
  leaving.Proceed(now + given.silence);
  return client.state();
}

TEST(Leaving, OneThatWasToldToLeaveWaitsWhileSomebodyListens) {
  EXPECT_EQ(After({true, false, false, 100s}), LeaseClient::State::kRegistering);
}

TEST(Leaving, OneThatWasToldToLeaveLooksSoonerWhetherTheJobIsOver) {
  EXPECT_EQ(After({true, true, false, 4s}), LeaseClient::State::kRegistering);
  EXPECT_EQ(After({true, true, false, 6s}), LeaseClient::State::kEnded);
  EXPECT_EQ(After({false, true, false, 6s}), LeaseClient::State::kRegistering);
  EXPECT_EQ(After({false, true, false, 16s}), LeaseClient::State::kEnded);
}

TEST(Leaving, OneThatMustBeLetGoIsLostWithTheScheduler) {
  EXPECT_EQ(After({true, true, true, 6s}), LeaseClient::State::kLost);
}

}  // namespace
}  // namespace attune::launch
