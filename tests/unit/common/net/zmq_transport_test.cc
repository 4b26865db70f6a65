#include "common/net/zmq_transport.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <random>
#include <thread>
#include <zmq.hpp>

#include "common/wire/sync_messages.h"
#include "tests/support/expect_error.h"
#include "tests/support/raw_connection.h"

namespace attune::net {
namespace {

using namespace std::chrono_literals;
using testing::RawConnection;
constexpr auto kDeadline = 10s;

ZmqOptions Options(NodeId node, std::uint64_t job = 1) {
  ZmqOptions options;
  options.job = job;
  options.node = node;
  return options;
}

wire::Message Message(std::uint16_t type) {
  return {type, "meta", {}, {}};
}

wire::Message FrameOfRows() {
  const auto type = static_cast<std::uint16_t>(wire::SyncType::kUp);
  return {type, "", {}, wire::Bytes::Of(std::vector<float>(1 << 12))};
}

/// Tries until it is taken or the deadline has passed.
bool SendSoon(Transport& from, NodeId to, const wire::Message& message) {
  const auto deadline = std::chrono::steady_clock::now() + kDeadline;
  while (!from.Send(to, message)) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(1ms);
  }
  return true;
}

class TwoNodes : public ::testing::TestWithParam<bool> {
 protected:
  TwoNodes() : a_(Make(1)), b_(Make(2)) {
    a_->Connect(2, b_->address());
    b_->Connect(1, a_->address());
  }
  static std::unique_ptr<Transport> Make(NodeId node, std::uint32_t incarnation = 0, std::uint32_t life = 0) {
    ZmqOptions options = Options(node);
    options.incarnation = incarnation;
    options.life = life;
    if (GetParam()) options.keys = KeyPair::Make();
    return MakeZmqTransport(options);
  }

  std::unique_ptr<Transport> a_, b_;
};

INSTANTIATE_TEST_SUITE_P(Curve, TwoNodes, ::testing::Bool());

TEST_P(TwoNodes, MessagesArriveInOrderFromWhoSentThem) {
  // Of kinds that are not frames of rows.
  for (std::uint16_t n = 100; n < 200; ++n) ASSERT_TRUE(SendSoon(*a_, 2, Message(n)));
  for (std::uint16_t n = 100; n < 200; ++n) {
    const auto received = b_->Receive(kDeadline);
    ASSERT_TRUE(received);
    EXPECT_EQ(received->from, 1u);
    EXPECT_EQ(received->message.type, n);
    EXPECT_EQ(received->message.meta, "meta");
  }
}

TEST_P(TwoNodes, RowsOfAnySizeArrive) {
  for (const std::size_t rows : {1, 100, 10'000}) {
    std::vector<std::uint32_t> keys(rows);
    std::vector<float> values(rows * 64);
    for (std::size_t n = 0; n < keys.size(); ++n) keys[n] = static_cast<std::uint32_t>(n);
    for (std::size_t n = 0; n < values.size(); ++n) values[n] = static_cast<float>(n);
    ASSERT_TRUE(SendSoon(*a_, 2, {9, "", wire::Bytes::Of(keys), wire::Bytes::Of(values)}));
    const auto received = b_->Receive(kDeadline);
    ASSERT_TRUE(received);
    ASSERT_EQ(received->message.keys.Count<std::uint32_t>(), rows);
    ASSERT_EQ(received->message.values.Count<float>(), values.size());
    EXPECT_EQ(received->message.keys.At<std::uint32_t>(rows - 1), rows - 1);
    EXPECT_EQ(received->message.values.At<float>(values.size() - 1), values.back());
  }
}

TEST_P(TwoNodes, WhatElseIsSaidDoesNotWaitBehindFramesOfRows) {
  const wire::Message frame = FrameOfRows();
  ASSERT_TRUE(SendSoon(*a_, 2, Message(1)));
  ASSERT_TRUE(SendSoon(*a_, 2, frame));
  std::size_t frames = 1;
  while (frames < 50'000 && a_->Send(2, frame)) ++frames;
  ASSERT_LT(frames, 50'000u);
  ASSERT_TRUE(a_->Send(2, Message(2)));
  std::vector<std::uint16_t> others;
  std::size_t place = 0;  // of what was said last
  for (std::size_t n = 0; n < frames + 2; ++n) {
    const auto received = b_->Receive(kDeadline);
    ASSERT_TRUE(received);
    EXPECT_EQ(received->from, 1u);
    if (received->message.type == frame.type) continue;
    others.push_back(received->message.type);
    place = n;
  }
  EXPECT_EQ(others, (std::vector<std::uint16_t>{1, 2}));
  EXPECT_LT(place, frames + 1);
}

TEST_P(TwoNodes, FramesOfRowsReachARestartedNodeAndNobodyAfterDisconnect) {
  ASSERT_TRUE(SendSoon(*a_, 2, FrameOfRows()));
  ASSERT_TRUE(b_->Receive(kDeadline));
  a_ = Make(1, 5);
  a_->Connect(2, b_->address());
  b_->Connect(1, a_->address());
  ASSERT_TRUE(SendSoon(*b_, 1, FrameOfRows()));
  EXPECT_TRUE(a_->Receive(kDeadline));
  ASSERT_TRUE(SendSoon(*a_, 2, FrameOfRows()));
  const auto received = b_->Receive(kDeadline);
  ASSERT_TRUE(received);
  EXPECT_EQ(received->incarnation, 5u);
  a_->Disconnect(2);
  EXPECT_FALSE(a_->Send(2, FrameOfRows()));
}

// The undefined behaviour sanitizer, which comes with the address sanitizer, opens pipes to look at memory:
// it takes any object for a broken one when no file is left.
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ATTUNE_NEEDS_FILES
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define ATTUNE_NEEDS_FILES
#endif

#ifndef ATTUNE_NEEDS_FILES
TEST_P(TwoNodes, FramesOfRowsArriveWhereNoFileIsLeftForASecondConnection) {
  ASSERT_TRUE(SendSoon(*a_, 2, Message(1)));
  ASSERT_TRUE(b_->Receive(kDeadline));
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit none{3, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  EXPECT_TRUE(a_->Send(2, FrameOfRows()));
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_TRUE(b_->Receive(kDeadline));
}
#endif

TEST_P(TwoNodes, WakeEndsAWait) {
  std::thread other([&] { a_->Wake(); });
  const auto start = std::chrono::steady_clock::now();
  EXPECT_FALSE(a_->Receive(kDeadline));
  EXPECT_LT(std::chrono::steady_clock::now() - start, kDeadline);
  other.join();
}

TEST_P(TwoNodes, ARestartedNodeIsTheSameNodeAgain) {
  ASSERT_TRUE(SendSoon(*a_, 2, Message(1)));
  ASSERT_TRUE(b_->Receive(kDeadline));
  a_ = Make(1, 5, 2);
  a_->Connect(2, b_->address());
  b_->Connect(1, a_->address());
  ASSERT_TRUE(SendSoon(*a_, 2, Message(2)));
  const auto received = b_->Receive(kDeadline);
  ASSERT_TRUE(received);
  EXPECT_EQ(received->from, 1u);
  EXPECT_EQ(received->incarnation, 5u);
  EXPECT_EQ(received->life, 2u);
  ASSERT_TRUE(SendSoon(*b_, 1, Message(3)));
  EXPECT_TRUE(a_->Receive(kDeadline));
}

TEST_P(TwoNodes, NobodyToSendToIsSaid) {
  EXPECT_FALSE(a_->Send(3, Message(1)));
  a_->Disconnect(2);
  EXPECT_FALSE(a_->Send(2, Message(1)));
}

TEST(ZmqTransport, AnotherJobIsRefusedAndCounted) {
  const auto a = MakeZmqTransport(Options(1, 7));
  const auto b = MakeZmqTransport(Options(2, 8));
  a->Connect(2, b->address());
  ASSERT_TRUE(SendSoon(*a, 2, Message(1)));
  const auto deadline = std::chrono::steady_clock::now() + kDeadline;
  while (b->refused().foreign == 0 && std::chrono::steady_clock::now() < deadline) {
    EXPECT_FALSE(b->Receive(10ms));
  }
  EXPECT_EQ(b->refused().foreign, 1u);
}

/// A handshake without security of a DEALER, then the head of a frame of so many bytes.
std::string BeginningOfFrame(std::uint64_t bytes) {
  const std::string greeting = std::string("\xff\0\0\0\0\0\0\0\1\x7f\3\0NULL", 16) + std::string(48, '\0');
  const std::string ready =
      std::string("\5READY") + std::string("\xbSocket-Type\0\0\0\6", 16) + std::string("DEALER");
  std::string head = greeting + '\4' + static_cast<char>(ready.size()) + ready + '\2';
  for (int shift = 56; shift >= 0; shift -= 8) head += static_cast<char>(bytes >> shift & 0xff);
  return head;
}

/// Node 1 and node 2 with keys, node 2 being who others want to reach.
class EncryptedNodes : public ::testing::Test {
 protected:
  EncryptedNodes() : keys_(KeyPair::Make()), a_(Make(1, keys_)), b_(Make(2, KeyPair::Make())) {
    // Node 2 knows node 1 before that connects; node 1 may refuse a first connection of node 2.
    b_->Connect(1, a_->address());
    a_->Connect(2, b_->address());
  }
  void SetUp() override {
    ASSERT_TRUE(SendSoon(*b_, 1, Message(1)));
    ASSERT_TRUE(a_->Receive(kDeadline));
    ExpectThatNodesStillTalk();
  }
  static std::unique_ptr<Transport> Make(NodeId node, const KeyPair& keys) {
    ZmqOptions options = Options(node);
    options.keys = keys;
    return MakeZmqTransport(options);
  }

  /// Waits until node 2 has refused so many connections; nothing may come through meanwhile.
  void ExpectRefused(std::uint64_t connections) {
    const auto deadline = std::chrono::steady_clock::now() + kDeadline;
    while (b_->refused().strangers < connections && std::chrono::steady_clock::now() < deadline) {
      EXPECT_FALSE(b_->Receive(1ms));
    }
    EXPECT_GE(b_->refused().strangers, connections);
    EXPECT_EQ(b_->refused().all_messages(), 0u);
  }
  void ExpectThatNodesStillTalk() {
    ASSERT_TRUE(SendSoon(*a_, 2, Message(1)));
    const auto received = b_->Receive(kDeadline);
    ASSERT_TRUE(received);
    EXPECT_EQ(received->from, 1u);
  }

  const KeyPair keys_;
  std::unique_ptr<Transport> a_, b_;
};

TEST_F(EncryptedNodes, AKeyThatIsNotOnTheListGetsNothingThrough) {
  const auto thief = Make(1, KeyPair::Make());
  ::testing::internal::CaptureStderr();
  thief->Connect(2, b_->address());
  EXPECT_FALSE(thief->Send(2, Message(2)));
  ExpectRefused(2);
  const std::string log = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(std::ranges::count(log, '\n'), 1) << log;
  EXPECT_NE(log.find("connections from 127.0.0.1: their key"), std::string::npos) << log;
  ExpectThatNodesStillTalk();
}

TEST_F(EncryptedNodes, WhoDoesNotEncryptGetsNothingThrough) {
  ::testing::internal::CaptureStderr();
  for (int n = 0; n < 5; ++n) {
    RawConnection open(b_->address().endpoint);
    open.Send(BeginningOfFrame(1));
    EXPECT_TRUE(open.EndsWithin(3s));
  }
  ExpectRefused(5);
  const std::string log = ::testing::internal::GetCapturedStderr();
  // Who is gone already when the node looks has no address.
  EXPECT_LE(std::ranges::count(log, '\n'), 2) << log;
  EXPECT_NE(log.find(": no encryption"), std::string::npos) << log;
  ExpectThatNodesStillTalk();
}

TEST_F(EncryptedNodes, WhatWasRecordedIsRefusedWhenItComesAgain) {
  testing::Eavesdropper middle(b_->address().endpoint);
  a_->Connect(2, {"tcp://" + middle.address(), b_->address().public_key});
  ASSERT_TRUE(SendSoon(*a_, 2, {1, "a secret of node 1", {}, {}}));
  ASSERT_TRUE(b_->Receive(kDeadline));
  const std::string heard = middle.End();
  ASSERT_GT(heard.size(), 300u);
  EXPECT_EQ(heard.find("a secret of node 1"), std::string::npos);
  RawConnection again(b_->address().endpoint);
  again.Send(heard);
  EXPECT_TRUE(again.EndsWithin(kDeadline));
  ExpectRefused(1);
  a_->Connect(2, b_->address());
  ExpectThatNodesStillTalk();
}

TEST_F(EncryptedNodes, AKeyOfTheJobIsThatOfOneNodeOnly) {
  const auto liar = Make(3, keys_);  // what node 1 would be that says to be node 3
  liar->Connect(2, b_->address());
  ASSERT_TRUE(SendSoon(*liar, 2, Message(2)));
  const auto deadline = std::chrono::steady_clock::now() + kDeadline;
  while (b_->refused().foreign == 0 && std::chrono::steady_clock::now() < deadline) {
    EXPECT_FALSE(b_->Receive(10ms));
  }
  EXPECT_EQ(b_->refused().foreign, 1u);
}

TEST(ZmqTransport, ANodeWhoseKeyComesLateGetsIn) {
  ZmqOptions early = Options(1);
  ZmqOptions server = Options(2);
  early.keys = KeyPair::Make();
  server.keys = KeyPair::Make();
  const auto a = MakeZmqTransport(early);
  const auto b = MakeZmqTransport(server);
  a->Connect(2, b->address());
  const auto deadline = std::chrono::steady_clock::now() + kDeadline;
  while (b->refused().strangers == 0 && std::chrono::steady_clock::now() < deadline) b->Receive(1ms);
  EXPECT_GE(b->refused().strangers, 1u);
  b->Connect(1, a->address());
  ASSERT_TRUE(SendSoon(*a, 2, Message(1)));
  EXPECT_TRUE(b->Receive(kDeadline));
}

TEST(ZmqTransport, WithoutKeysOnlyLoopback) {
  ZmqOptions open = Options(1);
  open.host = "0.0.0.0";
  const std::string text = testing::ErrorOf(ErrorKind::kFailed, [&] { MakeZmqTransport(open); });
  EXPECT_NE(text.find("--insecure"), std::string::npos) << text;
}

TEST(ZmqTransport, AKeyOrAddressThatANulCutsShortIsNone) {
  std::string key = KeyPair::Make().public_key;
  EXPECT_TRUE(IsPublicKey(key));
  key[35] = '\0';
  EXPECT_FALSE(IsPublicKey(key));
  EXPECT_TRUE(IsEndpoint("tcp://10.0.0.1:80"));
  EXPECT_FALSE(IsEndpoint(std::string("tcp://10.0.0.1\0:80", 18)));
}

TEST(ZmqTransport, AnAddressThatIsNotOneIsSaid) {
  const auto a = MakeZmqTransport(Options(1));
  testing::ErrorOf(ErrorKind::kFailed, [&] { a->Connect(2, {"nonsense", ""}); });
  ZmqOptions elsewhere = Options(1);
  elsewhere.host = "192.0.2.1";
  elsewhere.insecure = true;
  const std::string text = testing::ErrorOf(ErrorKind::kFailed, [&] { MakeZmqTransport(elsewhere); });
  EXPECT_NE(text.find("cannot listen on 192.0.2.1"), std::string::npos) << text;
}

TEST_P(TwoNodes, BytesThatAreNotZeroMqDisturbNobody) {
  std::mt19937 random(4);
  std::string garbage(1 << 20, '\0');
  for (char& byte : garbage) byte = static_cast<char>(random());
  RawConnection noise(b_->address().endpoint), web(b_->address().endpoint), half(b_->address().endpoint),
      silent(b_->address().endpoint), huge(b_->address().endpoint);
  noise.Send(garbage);
  web.Send("GET / HTTP/1.1\r\nHost: attune\r\n\r\n");
  const std::string greeting = std::string("\xff\0\0\0\0\0\0\0\1\x7f", 10) + std::string("\3\0NULL", 6);
  half.Send(greeting);
  // A whole greeting without security, then a frame that says to be of 2^63 bytes.
  huge.Send(greeting + std::string(16, '\0') + std::string(32, '\0') + std::string("\2\x7f", 2) +
            std::string(7, '\xff'));
  ASSERT_TRUE(SendSoon(*a_, 2, Message(9)));
  const auto received = b_->Receive(kDeadline);
  ASSERT_TRUE(received);
  EXPECT_EQ(received->from, 1u);
  EXPECT_EQ(received->message.type, 9);
}

TEST(ZmqTransport, AFrameBeyondTheLimitEndsItsConnectionBeforeItHasCome) {
  const auto node = MakeZmqTransport(Options(2));
  RawConnection largest(node->address().endpoint), larger(node->address().endpoint);
  largest.Send(BeginningOfFrame(wire::kMaxPartBytes));
  larger.Send(BeginningOfFrame(wire::kMaxPartBytes + 1));
  EXPECT_TRUE(larger.EndsWithin(3s));
  EXPECT_FALSE(largest.EndsWithin(100ms));
}

TEST(ZmqTransport, FramesThatAreNoMessageAreCounted) {
  const auto node = MakeZmqTransport(Options(2));
  zmq::context_t context;
  zmq::socket_t peer(context, zmq::socket_type::dealer);
  peer.set(zmq::sockopt::linger, 0);
  const std::uint64_t job = 1;
  const std::array<std::uint32_t, 4> numbers = {1, 0, 0, 0};  // node, incarnation, life, lane
  std::string identity = "n";
  identity.append(reinterpret_cast<const char*>(&job), sizeof job);
  identity.append(reinterpret_cast<const char*>(numbers.data()), sizeof numbers);
  peer.set(zmq::sockopt::routing_id, identity);
  peer.connect(node->address().endpoint);
  const auto send = [&](const std::vector<std::string>& frames) {
    for (std::size_t n = 0; n < frames.size(); ++n) {
      const auto flags = n + 1 < frames.size() ? zmq::send_flags::sndmore : zmq::send_flags::none;
      ASSERT_TRUE(peer.send(zmq::buffer(frames[n]), flags));
    }
  };
  const std::string good = wire::EncodeHead(Message(5));
  std::string changed = good;
  changed.back() ^= 1;
  send({"short"});
  send({std::string(100, 'x')});
  send({changed});
  send({good, "keys that were not announced"});
  send(std::vector<std::string>(10'000, "frame"));
  send({good});
  const auto received = node->Receive(kDeadline);
  ASSERT_TRUE(received);
  EXPECT_EQ(received->message.type, 5);
  EXPECT_EQ(node->refused().all_messages(), 5u);
  const auto& counts = node->refused().messages;
  EXPECT_EQ(counts[static_cast<std::size_t>(wire::Refusal::kTruncated)], 1u);
  EXPECT_EQ(counts[static_cast<std::size_t>(wire::Refusal::kForeign)], 1u);
  EXPECT_EQ(counts[static_cast<std::size_t>(wire::Refusal::kChecksum)], 1u);
  EXPECT_EQ(counts[static_cast<std::size_t>(wire::Refusal::kWrongSizes)], 2u);
}

}  // namespace
}  // namespace attune::net
