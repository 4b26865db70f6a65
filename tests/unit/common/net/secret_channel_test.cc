#include "common/net/secret_channel.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <thread>
#include <vector>
#include <zmq.hpp>

#include "tests/support/expect_error.h"
#include "tests/support/raw_connection.h"

namespace attune::net {
namespace {

using namespace std::chrono_literals;
constexpr auto kDeadline = 10s;

/// A listener whose requests are answered with themselves, by a thread.
class SecretChannel : public ::testing::Test {
 protected:
  SecretChannel() : listener_(MakeSecretListener(door_.fd(), secret_)), thread_([this] { Serve(); }) {}
  ~SecretChannel() override { Stop(); }

  void Stop() {
    stop_.store(true);
    listener_->Wake();
    if (thread_.joinable()) thread_.join();
  }

  void Serve() {
    while (!stop_.load()) {
      const auto request = listener_->Receive(100ms);
      if (!request) continue;
      ++requests_;
      listener_->Answer(request->from, request->text);
    }
  }

  std::string Call(const std::string& request) const {
    return MakeSecretCaller(door_.address(), secret_)->Call(request, kDeadline);
  }

  /// Waits until so many were refused. @returns whether they were
  bool Refused(std::uint64_t count) const {
    const auto deadline = std::chrono::steady_clock::now() + kDeadline;
    while (listener_->refused() < count) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::sleep_for(1ms);
    }
    return true;
  }

  const SharedSecret secret_ = SharedSecret::Of("a secret of this test");
  const testing::LoopbackListener door_;
  const std::unique_ptr<SecretListener> listener_;
  std::atomic<bool> stop_{false};
  std::atomic<unsigned> requests_{0};
  std::thread thread_;
};

TEST_F(SecretChannel, WhoHasTheSecretIsAnswered) {
  EXPECT_EQ(Call("let me in"), "let me in");
  EXPECT_EQ(listener_->refused(), 0u);
}

TEST_F(SecretChannel, AnotherSecretIsRefusedCountedAndToldOfOnce) {
  ::testing::internal::CaptureStderr();
  const auto other = SharedSecret::Of("another secret of this test");
  // It knows the listener's public key all the same: the list of keys keeps it out.
  const SharedSecret half{secret_.listener, other.caller};
  for (const SharedSecret& wrong : {half, half}) {
    testing::ErrorOf(ErrorKind::kFailed, [&] { MakeSecretCaller(door_.address(), wrong)->Call("x", 3s); });
  }
  EXPECT_TRUE(Refused(2));
  Stop();
  const std::string log = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(std::ranges::count(log, '\n'), 1) << log;
  EXPECT_NE(log.find("127.0.0.1"), std::string::npos) << log;
  EXPECT_EQ(requests_, 0u);
}

TEST_F(SecretChannel, WhoDoesNotEncryptIsRefusedAndCounted) {
  testing::RawConnection open(door_.address());
  open.Send(std::string("\xff\0\0\0\0\0\0\0\1\x7f\3\0NULL", 16) + std::string(48, '\0'));
  EXPECT_TRUE(open.EndsWithin(3s));
  EXPECT_TRUE(Refused(1));
  EXPECT_EQ(Call("me, too"), "me, too");
  EXPECT_EQ(requests_, 1u);
}

TEST_F(SecretChannel, ARequestThatWasRecordedIsRefusedWhenItComesAgain) {
  testing::Eavesdropper middle(door_.address());
  EXPECT_EQ(MakeSecretCaller(middle.address(), secret_)->Call("let me in", kDeadline), "let me in");
  const std::string heard = middle.End();
  ASSERT_GT(heard.size(), 300u);
  EXPECT_EQ(heard.find("let me in"), std::string::npos);
  EXPECT_EQ(requests_, 1u);
  testing::RawConnection again(door_.address());
  again.Send(heard);
  EXPECT_TRUE(again.EndsWithin(kDeadline));
  EXPECT_TRUE(Refused(1));
  EXPECT_EQ(requests_, 1u);
}

TEST_F(SecretChannel, ARequestOfSeveralPartsIsRefused) {
  zmq::context_t context;
  zmq::socket_t caller(context, zmq::socket_type::dealer);
  caller.set(zmq::sockopt::linger, 0);
  caller.set(zmq::sockopt::curve_serverkey, secret_.listener.public_key);
  caller.set(zmq::sockopt::curve_publickey, secret_.caller.public_key);
  caller.set(zmq::sockopt::curve_secretkey, secret_.caller.secret_key);
  caller.connect("tcp://" + door_.address());
  for (int n = 0; n < 10'000; ++n) caller.send(zmq::str_buffer("part"), zmq::send_flags::sndmore);
  caller.send(zmq::str_buffer("end"), zmq::send_flags::none);
  EXPECT_TRUE(Refused(1));
  EXPECT_EQ(requests_, 0u);
}

TEST_F(SecretChannel, ARequestBeyondItsLimitIsNotTaken) {
  const std::string large((std::size_t{1} << 20) + 1, 'x');
  testing::ErrorOf(ErrorKind::kFailed, [&] { MakeSecretCaller(door_.address(), secret_)->Call(large, 2s); });
  EXPECT_EQ(requests_, 0u);
  EXPECT_EQ(Call(std::string(1 << 19, 'x')).size(), std::size_t{1} << 19);
}

}  // namespace
}  // namespace attune::net
