#include "launch/doctor/pair_probe.h"

#include <gtest/gtest.h>

#include <cmath>
#include <future>
#include <thread>

#include "common/net/zmq_transport.h"

namespace attune::launch {
namespace {

using namespace std::chrono_literals;

std::unique_ptr<net::Transport> Make(net::NodeId node) {
  net::ZmqOptions options;
  options.node = node;
  options.keys = net::KeyPair::Make();
  return net::MakeZmqTransport(options);
}

/// Whether a message goes from one to the other. Whoever connects before its key is known is refused and
/// tries again after seconds, which no probe waits for.
bool Reaches(net::Transport& from, net::Transport& to, net::NodeId node) {
  const auto deadline = std::chrono::steady_clock::now() + 30s;
  while (!from.Send(node, {1, "hello", {}, {}})) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(1ms);
  }
  return to.Receive(30s).has_value();
}

TEST(PairProbe, MeasuresBothDirectionsAndTheClock) {
  const auto a = Make(0), b = Make(1);
  a->Connect(1, b->address());
  b->Connect(0, a->address());
  ASSERT_TRUE(Reaches(*a, *b, 1));
  ASSERT_TRUE(Reaches(*b, *a, 0));
  auto answered = std::async(std::launch::async, [&] { return AnswerProbes(*b, 0); });
  const PairFigures figures = ProbePair(*a, 0, 1, 50ms);
  EXPECT_TRUE(answered.get());
  EXPECT_EQ(figures.problem, "");
  EXPECT_GT(figures.round_trip_us, 0);
  EXPECT_GT(figures.sent_per_s, 0);
  EXPECT_GT(figures.received_per_s, 0);
  EXPECT_LT(std::abs(figures.clock_ahead_s), 5);  // one clock; half of a round trip is uncertain
}

TEST(PairProbe, ARankThatDoesNotAnswerIsTold) {
  const auto a = Make(0), b = Make(1);
  a->Connect(1, b->address());  // but not the other way round
  auto answered = std::async(std::launch::async, [&] { return AnswerProbes(*b, 0); });
  EXPECT_NE(ProbePair(*a, 0, 1, 1ms).problem, "");
  EXPECT_FALSE(answered.get());
}

}  // namespace
}  // namespace attune::launch
