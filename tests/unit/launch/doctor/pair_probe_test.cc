#include "launch/doctor/pair_probe.h"

#include <gtest/gtest.h>

#include <cmath>
#include <future>

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

TEST(PairProbe, MeasuresBothDirectionsAndTheClock) {
  const auto a = Make(0), b = Make(1);
  a->Connect(1, b->address());
  b->Connect(0, a->address());
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
