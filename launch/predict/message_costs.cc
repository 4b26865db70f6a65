#include <algorithm>
#include <chrono>
#include <cstdint>
#include <thread>
#include <vector>

#include "common/error.h"
#include "common/net/zmq_transport.h"
#include "common/wire/row_messages.h"
#include "launch/predict/calibration.h"

namespace attune::predict {
namespace {

using namespace std::chrono_literals;

constexpr net::NodeId kHere = 1, kThere = 2;
constexpr int kSmallMessages = 4000, kLargeMessages = 400, kPings = 300;
constexpr std::size_t kLargeBytes = 250'000;
constexpr std::size_t kTogether = 8;
constexpr auto kDeadline = 20s;
/// ZeroMQ's name for the threads that it moves bytes with.
constexpr const char* kCarriers = "ZMQbg/IO";

/// Two nodes in this process, over loopback.
class Ends {
 public:
  /// Seconds of a core for one message: of who sends, who receives, and of a transport's own threads.
  struct Seconds {
    double send = 0, receive = 0, carry = 0;
  };

  explicit Ends(bool encrypted) {
    net::ZmqOptions here, there;
    here.job = there.job = 1;
    here.node = kHere;
    there.node = kThere;
    if (encrypted) {
      here.keys = net::KeyPair::Make();
      there.keys = net::KeyPair::Make();
    }
    here_ = net::MakeZmqTransport(here);
    there_ = net::MakeZmqTransport(there);
    here_->Connect(kThere, there_->address());
    there_->Connect(kHere, here_->address());
    Send(*here_, kThere, MessageOf(0));
    Receive(*there_);
    Send(*there_, kHere, MessageOf(0));
    Receive(*here_);
  }

  Seconds Measure(std::size_t bytes, int messages) {
    const wire::Message message = MessageOf(bytes);
    Seconds seconds;
    const double carried = ThreadSecondsOf(kCarriers);
    for (int n = 0; n < messages; n += kTogether) {
      const double begin = ThreadSeconds();
      for (std::size_t k = 0; k < kTogether; ++k) Send(*here_, kThere, message);
      const double sent = ThreadSeconds();
      for (std::size_t k = 0; k < kTogether; ++k) Receive(*there_);
      seconds.send += sent - begin;
      seconds.receive += ThreadSeconds() - sent;
    }
    seconds.carry = (ThreadSecondsOf(kCarriers) - carried) / 2;  // on both ends
    seconds.send /= messages;
    seconds.receive /= messages;
    seconds.carry /= messages;
    return seconds;
  }

  /// From here to there and back, median.
  double RoundTrip() {
    std::vector<double> seconds;
    for (int n = 0; n < kPings; ++n) {
      const auto begin = std::chrono::steady_clock::now();
      Send(*here_, kThere, MessageOf(0));
      Receive(*there_);
      Send(*there_, kHere, MessageOf(0));
      Receive(*here_);
      seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
    }
    std::nth_element(seconds.begin(), seconds.begin() + kPings / 2, seconds.end());
    return seconds[kPings / 2];
  }

 private:
  static wire::Message MessageOf(std::size_t bytes) {
    return wire::MakeRows(wire::Type::kPullRows, {0, 1, 2, 1, false},
                          wire::Bytes::Of(std::vector<Index>(1 + bytes / sizeof(Index))));
  }
  static void Send(net::Transport& from, net::NodeId to, const wire::Message& message) {
    const auto deadline = std::chrono::steady_clock::now() + kDeadline;
    while (!from.Send(to, message)) {
      if (std::chrono::steady_clock::now() > deadline) ThrowFailed("calibration: loopback takes no messages");
      std::this_thread::sleep_for(100us);
    }
  }
  static void Receive(net::Transport& at) {
    const auto deadline = std::chrono::steady_clock::now() + kDeadline;
    while (true) {
      const auto received = at.Receive(100ms);
      if (received && wire::ParseRows(received->message)) return;
      if (std::chrono::steady_clock::now() > deadline) ThrowFailed("calibration: no message over loopback");
    }
  }

  std::unique_ptr<net::Transport> here_, there_;
};

/// Through two points.
ByteCost Line(double small, double large) {
  const double byte = std::max(0.0, (large - small) / static_cast<double>(kLargeBytes));
  return {small, byte};
}

}  // namespace

void MeasureMessages(Costs& costs) {
  for (const bool encrypted : {false, true}) {
    Ends ends(encrypted);
    ends.Measure(0, 400);
    const Ends::Seconds small = ends.Measure(0, kSmallMessages);
    const Ends::Seconds large = ends.Measure(kLargeBytes, kLargeMessages);
    costs.send = Line(small.send, large.send);
    costs.receive = Line(small.receive, large.receive);
    (encrypted ? costs.carry_encrypted : costs.carry) = Line(small.carry, large.carry);
  }
}

void MeasureHop(Costs& costs) {
  Ends ends(true);
  ends.Measure(0, 400);
  const Ends::Seconds each = ends.Measure(0, kSmallMessages);
  const double busy = each.send + each.receive + 2 * each.carry;
  costs.hop = std::max(0.0, ends.RoundTrip() / 2 - busy);
}

}  // namespace attune::predict
