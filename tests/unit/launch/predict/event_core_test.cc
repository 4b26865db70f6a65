#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "launch/predict/network.h"
#include "launch/predict/processor.h"
#include "launch/predict/quantity.h"
#include "launch/predict/rate_server.h"
#include "tests/support/expect_error.h"

namespace attune::predict {
namespace {

TEST(EventQueue, RunsInOrderOfTimeThenOfPlanning) {
  EventQueue queue;
  std::string order;
  queue.At(2, [&] { order += 'c'; });
  queue.At(1, [&] {
    order += 'a';
    queue.After(1, [&] { order += 'd'; });
  });
  queue.At(1, [&] { order += 'b'; });
  while (queue.RunNext()) {
  }
  EXPECT_EQ(order, "abcd");
  EXPECT_DOUBLE_EQ(queue.now(), 2);
  EXPECT_EQ(queue.events(), 4u);
}

TEST(RateServer, ServesOneAfterTheOther) {
  RateServer server(100);
  const auto end = [&](double first, double last, double bytes) {
    return server.Take(first, last, bytes, Lane::kBulk).ends;
  };
  EXPECT_DOUBLE_EQ(end(0, 0, 50), 0.5);
  EXPECT_DOUBLE_EQ(end(0.1, 0.1, 50), 1.0);  // behind the first
  EXPECT_DOUBLE_EQ(end(3, 3, 100), 4.0);     // idle before
  EXPECT_DOUBLE_EQ(end(4, 10, 100), 10.0);   // comes more slowly than it could go
  EXPECT_DOUBLE_EQ(end(4, 4, 100), 6.0);     // meanwhile there is room
  EXPECT_DOUBLE_EQ(server.bytes(), 400);
  EXPECT_DOUBLE_EQ(server.busy(), 4);
}

TEST(RateServer, WhatIsSwiftWaitsForItsLikeAlone) {
  RateServer server(100);
  EXPECT_DOUBLE_EQ(server.Take(0, 0, 500, Lane::kBulk).ends, 5);
  EXPECT_DOUBLE_EQ(server.Take(1, 1, 100, Lane::kSwift).ends, 2);
  const auto passage = server.Take(1, 1, 100, Lane::kSwift);
  EXPECT_DOUBLE_EQ(passage.begins, 2);
  EXPECT_DOUBLE_EQ(passage.ends, 3);
  EXPECT_DOUBLE_EQ(server.Take(1, 1, 100, Lane::kBulk).ends, 8);  // behind all of them
}

TEST(Processor, SharesCoresEvenly) {
  EventQueue queue;
  Processor processor(queue, 2);
  std::vector<double> ends(3);
  for (std::size_t n = 0; n < 3; ++n) {
    processor.Run(n == 0 ? 1 : 2, [&, n] { ends[n] = queue.now(); });
  }
  while (queue.RunNext()) {
  }
  // Three threads on two cores get 2/3 each until the first is done at 1.5; the others need one more second.
  EXPECT_NEAR(ends[0], 1.5, 1e-12);
  EXPECT_NEAR(ends[1], 2.5, 1e-12);
  EXPECT_NEAR(ends[2], 2.5, 1e-12);
  EXPECT_NEAR(processor.used(), 5, 1e-12);
}

TEST(Processor, WhoComesLaterSharesWithWhoIsThere) {
  EventQueue queue;
  Processor processor(queue, 1);
  double worker = 0, message = 0;
  processor.Run(1, [&] { worker = queue.now(); });
  queue.At(0.5, [&] { processor.Run(0.25, [&] { message = queue.now(); }); });
  while (queue.RunNext()) {
  }
  EXPECT_NEAR(message, 1, 1e-12);
  EXPECT_NEAR(worker, 1.25, 1e-12);
}

TEST(SerialThread, DoesOneThingAfterTheOther) {
  EventQueue queue;
  Processor processor(queue, 4);
  SerialThread thread(processor);
  std::vector<double> ends;
  for (int n = 0; n < 3; ++n) thread.Run(1, [&] { ends.push_back(queue.now()); });
  while (queue.RunNext()) {
  }
  EXPECT_EQ(ends, (std::vector<double>{1, 2, 3}));
}

Scenario TwoHosts() {
  Scenario scenario;
  scenario.hosts = 2;
  scenario.cores = 4;
  scenario.bandwidth = 1e6;
  scenario.latency = 0.010;
  scenario.encrypted = false;
  scenario.costs.send = {0.001, 1e-7};
  scenario.costs.receive = {0.002, 1e-7};
  scenario.costs.carry = {0.0005, 0};
  scenario.costs.hop = 0.003;
  return scenario;
}

TEST(Network, MessageBetweenTwoHostsTakesWhatItShould) {
  EventQueue queue;
  const Scenario scenario = TwoHosts();
  Network network(queue, scenario);
  double arrived = 0;
  network.Send({0, 1, 10'000, 1, 0.004, 0.005, [&] { arrived = queue.now(); }});
  while (queue.RunNext()) {
  }
  const double wire = (10'000 + 27) * 1514.0 / 1448 / 1e6;
  // Made and sent, carried, on the link (which passes it on as it comes), and the same on the other side.
  const double expected =
      (0.004 + 0.001 + 0.001) + 0.0005 + wire + 0.010 + 0.003 + 0.0005 + (0.005 + 0.002 + 0.001);
  EXPECT_NEAR(arrived, expected, 1e-12);
  EXPECT_DOUBLE_EQ(network.bytes_sent(), 10'000);
}

TEST(Network, BytesThatLeaveArrive) {
  EventQueue queue;
  Scenario scenario = TwoHosts();
  scenario.hosts = 11;
  scenario.groups = 4;  // 1 + 4 + 3 + 3
  Network network(queue, scenario);
  double hosts = 0;
  for (unsigned n = 0; n < network.groups(); ++n) hosts += network.SizeOf(n);
  EXPECT_DOUBLE_EQ(hosts, 11);
  int arrived = 0;
  for (unsigned from = 0; from < network.groups(); ++from) {
    for (unsigned to = 0; to < network.groups(); ++to) {
      if (network.PeersOf(from, to) > 0) network.Send({from, to, 1000, 1, 0, 0, [&] { ++arrived; }});
    }
  }
  while (queue.RunNext()) {
  }
  EXPECT_EQ(arrived, 15);                              // the first group's only host has no other beside it
  EXPECT_DOUBLE_EQ(network.messages_sent(), 11 * 10);  // each host to each other
  EXPECT_DOUBLE_EQ(network.bytes_sent(), 11 * 10 * 1000);
  double out = 0, in = 0;
  for (unsigned n = 0; n < network.groups(); ++n) {
    out += network.host(n).out.bytes() * network.SizeOf(n);
    in += network.host(n).in.bytes() * network.SizeOf(n);
  }
  EXPECT_NEAR(out, in, 1e-6);
  EXPECT_NEAR(out, 110 * (1000 + 27) * 1514.0 / 1448, 1e-6);
}

TEST(Network, OversubscribedSwitchHoldsAllBack) {
  const auto last_arrival = [](double oversubscription) {
    EventQueue queue;
    Scenario scenario = TwoHosts();
    scenario.hosts = 4;
    scenario.oversubscription = oversubscription;
    Network network(queue, scenario);
    for (unsigned from = 0; from < 4; ++from) {
      network.Send({from, (from + 1) % 4, 1'000'000, 1, 0, 0, [] {}});
    }
    while (queue.RunNext()) {
    }
    return queue.now();
  };
  EXPECT_NEAR(last_arrival(1), last_arrival(0), 1e-9);
  EXPECT_NEAR(last_arrival(4) - last_arrival(1), 3 * 1.0457, 0.01);  // the last of four waits for three
}

TEST(Quantity, ReadsRatesAndTimes) {
  EXPECT_DOUBLE_EQ(ParseBandwidth("25Gbit"), 25e9 / 8);
  EXPECT_DOUBLE_EQ(ParseBandwidth("800Mbit"), 1e8);
  EXPECT_DOUBLE_EQ(ParseLatency("50us"), 50e-6);
  EXPECT_DOUBLE_EQ(ParseLatency("10ms"), 0.01);
  EXPECT_DOUBLE_EQ(ParseLatency("0"), 0);
  for (const char* text : {"", "25", "-1Gbit", "0Gbit", "25GB", "Gbit", "nanGbit", "1e99Gbit"}) {
    EXPECT_NE(testing::ErrorOf(ErrorKind::kUsage, [&] { ParseBandwidth(text); }).find("--bandwidth"),
              std::string::npos);
  }
  for (const char* text : {"", "5", "-1ms", "11s", "ms", "inf"}) {
    EXPECT_NE(testing::ErrorOf(ErrorKind::kUsage, [&] { ParseLatency(text); }).find("--latency"),
              std::string::npos);
  }
}

}  // namespace
}  // namespace attune::predict
