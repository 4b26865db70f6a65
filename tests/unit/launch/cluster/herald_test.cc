#include "launch/cluster/herald.h"

#include <gtest/gtest.h>

#include <functional>
#include <optional>

#include "common/net/zmq_transport.h"

namespace attune::launch {
namespace {

using namespace std::chrono_literals;

/// The herald of life 2, and node 1 in some life.
class HeraldTest : public ::testing::Test {
 protected:
  static std::unique_ptr<net::Transport> Transport(net::NodeId node, std::uint32_t life) {
    net::ZmqOptions options;
    options.job = 5;
    options.node = node;
    options.life = life;
    options.insecure = true;
    return net::MakeZmqTransport(options);
  }
  void Meet(std::uint32_t life) {
    auto scheduler = Transport(0, 2);
    node_ = Transport(1, life);
    scheduler->Connect(1, node_->address());
    node_->Connect(0, scheduler->address());
    herald_.emplace(std::move(scheduler), 2);
  }
  /// Says it until an answer satisfies `wanted`.
  bool Hears(const wire::Control& what, const std::function<bool(const wire::Control&)>& wanted) {
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    while (std::chrono::steady_clock::now() < deadline) {
      node_->Send(0, wire::Encode(what));
      const auto received = node_->Receive(20ms);
      if (!received || received->life != 2) continue;
      const auto control = wire::DecodeControl(received->message);
      if (control && wanted(*control)) return true;
    }
    return false;
  }
  template <typename Kind>
  static bool Is(const wire::Control& control) {
    return std::holds_alternative<Kind>(control);
  }

  std::unique_ptr<net::Transport> node_;
  std::optional<Herald> herald_;
};

TEST_F(HeraldTest, ANodeOfAnEarlierLifeWaitsUntilTheNextCanBeTold) {
  Meet(1);
  EXPECT_TRUE(Hears(wire::Heartbeat{}, Is<wire::Wait>));
  herald_->SetAnswer(wire::NextLife{2, "run/checkpoints/00000003"});
  EXPECT_TRUE(Hears(wire::Heartbeat{}, Is<wire::NextLife>));
}

TEST_F(HeraldTest, ANodeOfItsOwnLifeWaitsWhateverOthersAreTold) {
  Meet(2);
  herald_->SetAnswer(wire::NextLife{2, ""});
  EXPECT_TRUE(Hears(wire::Register{}, [](const wire::Control& control) {
    EXPECT_TRUE(Is<wire::Wait>(control));
    return true;
  }));
}

TEST_F(HeraldTest, WhoSaysThatItEndsIsNotWaitedFor) {
  Meet(0);
  herald_->SetAnswer(wire::Stop{"over", 4});
  ASSERT_TRUE(Hears(wire::Leaving{"over"}, Is<wire::Stop>));
  const auto began = std::chrono::steady_clock::now();
  herald_->AwaitGone(1, 60s);
  EXPECT_LT(std::chrono::steady_clock::now() - began, 30s);
}

TEST_F(HeraldTest, ItsTransportIsTheNodesAfterwards) {
  Meet(1);
  ASSERT_TRUE(Hears(wire::Heartbeat{}, Is<wire::Wait>));
  const auto transport = herald_->TakeTransport();
  const auto deadline = std::chrono::steady_clock::now() + 20s;
  std::optional<net::Received> received;
  while (!received && std::chrono::steady_clock::now() < deadline) {
    node_->Send(0, wire::Encode(wire::Control(wire::Heartbeat{})));
    received = transport->Receive(20ms);
  }
  EXPECT_TRUE(received);
}

}  // namespace
}  // namespace attune::launch
