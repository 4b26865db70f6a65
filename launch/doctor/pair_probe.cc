#include "launch/doctor/pair_probe.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <optional>
#include <thread>
#include <vector>

#include "common/wire/bytes.h"

namespace attune::launch {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

// Types of messages, as in docs/wire-protocol.md.
constexpr std::uint16_t kProbe = 64;
constexpr std::uint16_t kProbeAnswer = 65;

/// Size of a frame of rows.
constexpr std::size_t kFrameBytes = std::size_t{256} << 10;
/// Frames on their way: what a link of 1 Gbit/s holds at a round trip of 130 ms.
constexpr std::uint64_t kWindow = 64;
/// Bandwidth is measured for so many round trips at least.
constexpr int kRoundTripsOfBandwidth = 32;
constexpr std::size_t kLeastRoundTrips = 20;
constexpr std::size_t kMostRoundTrips = 2000;

/// Meta of both types.
struct ProbeHead {
  std::uint64_t sequence = 0;
  std::int64_t time_ns = 0;        ///< of an answer: its sender's clock, since 1970
  std::uint32_t answer_bytes = 0;  ///< that the answer is to have
  std::uint32_t last = 0;          ///< 1: nothing comes after this
};

std::string TextOf(const ProbeHead& head) {
  return {reinterpret_cast<const char*>(&head), sizeof head};
}

std::optional<ProbeHead> HeadOf(const wire::Message& message, std::uint16_t type) {
  ProbeHead head;
  if (message.type != type || message.meta.size() != sizeof head) return std::nullopt;
  std::memcpy(&head, message.meta.data(), sizeof head);
  return head;
}

std::int64_t WallClock() {
  return std::chrono::nanoseconds(std::chrono::system_clock::now().time_since_epoch()).count();
}

double Seconds(Clock::duration time) {
  return std::chrono::duration<double>(time).count();
}

const wire::Bytes& Frame() {
  static const wire::Bytes frame = wire::Bytes::Of(std::vector<float>(kFrameBytes / sizeof(float), 1.0F));
  return frame;
}

bool SendWithin(net::Transport& transport, net::NodeId to, const wire::Message& message,
                Clock::time_point deadline) {
  while (!transport.Send(to, message)) {
    if (Clock::now() > deadline) return false;
    std::this_thread::sleep_for(100us);
  }
  return true;
}

/// The measuring side.
class Prober {
 public:
  Prober(net::Transport& transport, net::NodeId other) : transport_(transport), other_(other) {}

  /// Sends questions and takes answers, up to `window` on their way, until `done` says so.
  /// @param frames  whether questions bring a frame
  /// @returns false if no answer came in time
  bool Exchange(bool frames, std::uint32_t answer_bytes, std::uint64_t window,
                const std::function<bool()>& done) {
    std::uint64_t under_way = 0;
    auto deadline = Clock::now() + kProbeDeadline;
    for (bool more = true; more || under_way > 0;) {
      more = more && !done();
      while (more && under_way < window) {
        const ProbeHead head{++sequence_, 0, answer_bytes, 0};
        sent_ = Clock::now();
        if (!transport_.Send(other_, {kProbe, TextOf(head), {}, frames ? Frame() : wire::Bytes()})) {
          --sequence_;
          break;
        }
        ++under_way;
      }
      const auto received = transport_.Receive(under_way > 0 ? 100ms : 1ms);
      if (Clock::now() > deadline) return false;
      if (!received || received->from != other_ || !HeadOf(received->message, kProbeAnswer)) continue;
      answer_ = *HeadOf(received->message, kProbeAnswer);
      --under_way;
      ++answers_;
      deadline = Clock::now() + kProbeDeadline;
      if (on_answer_) on_answer_();
    }
    return true;
  }

  bool MeasureRoundTrips(std::chrono::nanoseconds time, PairFigures& figures) {
    // The first one makes the connection.
    answers_ = 0;
    if (!Exchange(false, 0, 1, [&] { return answers_ >= 1; })) return false;
    std::vector<double> times;
    double least = 1e9;
    on_answer_ = [&] {
      const auto round_trip = Clock::now() - sent_;
      times.push_back(Seconds(round_trip));
      if (times.back() >= least) return;
      least = times.back();
      const std::int64_t middle = WallClock() - std::chrono::nanoseconds(round_trip).count() / 2;
      figures.clock_ahead_s = static_cast<double>(answer_.time_ns - middle) / 1e9;
    };
    const auto end = Clock::now() + time;
    const bool well = Exchange(false, 0, 1, [&] {
      return times.size() >= kMostRoundTrips || (times.size() >= kLeastRoundTrips && Clock::now() > end);
    });
    on_answer_ = {};
    if (!well) return false;
    std::ranges::nth_element(times, times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2));
    figures.round_trip_us = 1e6 * times[times.size() / 2];
    return true;
  }

  /// The first half is not counted: connections begin slowly.
  std::optional<double> BytesPerSecond(bool up, std::chrono::nanoseconds time) {
    answers_ = 0;
    std::uint64_t answers_before = 0;
    const auto start = Clock::now();
    Clock::time_point middle{};
    const auto bytes = static_cast<std::uint32_t>(up ? 0 : kFrameBytes);
    on_answer_ = [&] {
      if (middle != Clock::time_point{} || Clock::now() - start < time / 2) return;
      middle = Clock::now();
      answers_before = answers_;
    };
    const bool well = Exchange(up, bytes, kWindow, [&] { return Clock::now() - start > time; });
    on_answer_ = {};
    if (!well || middle == Clock::time_point{}) return std::nullopt;
    return static_cast<double>((answers_ - answers_before) * kFrameBytes) / Seconds(Clock::now() - middle);
  }

  bool End() {
    const ProbeHead head{++sequence_, 0, 0, 1};
    return SendWithin(transport_, other_, {kProbe, TextOf(head), {}, {}}, Clock::now() + kProbeDeadline);
  }

 private:
  net::Transport& transport_;
  const net::NodeId other_;
  std::uint64_t sequence_ = 0;
  std::uint64_t answers_ = 0;
  ProbeHead answer_;  ///< newest
  Clock::time_point sent_{};
  std::function<void()> on_answer_;
};

}  // namespace

PairFigures ProbePair(net::Transport& transport, net::NodeId self, net::NodeId other,
                      std::chrono::nanoseconds time) {
  PairFigures figures{self, other, {}, 0, 0, 0, 0};
  Prober prober(transport, other);
  const auto measure = [&] {
    if (!prober.MeasureRoundTrips(time / 4, figures)) return false;
    const std::chrono::nanoseconds round_trip(static_cast<std::int64_t>(figures.round_trip_us * 1e3));
    const auto each = std::max(time * 3 / 8, kRoundTripsOfBandwidth * round_trip);
    const auto sent = prober.BytesPerSecond(true, each);
    if (!sent) return false;
    const auto received = prober.BytesPerSecond(false, each);
    if (!received) return false;
    figures.sent_per_s = *sent;
    figures.received_per_s = *received;
    return prober.End();
  };
  if (!measure()) figures.problem = fmt::format("no answer within {} s", kProbeDeadline.count());
  return figures;
}

bool AnswerProbes(net::Transport& transport, net::NodeId other) {
  auto deadline = Clock::now() + kProbeDeadline + 1s;  // the other rank may begin a little later
  while (Clock::now() < deadline) {
    const auto received = transport.Receive(100ms);
    if (!received || received->from != other) continue;
    const auto head = HeadOf(received->message, kProbe);
    if (!head) continue;
    deadline = Clock::now() + kProbeDeadline;
    if (head->last != 0) return true;
    const ProbeHead answer{head->sequence, WallClock(), 0, 0};
    const bool frame = head->answer_bytes == kFrameBytes;
    const wire::Message message{kProbeAnswer, TextOf(answer), {}, frame ? Frame() : wire::Bytes()};
    if (!SendWithin(transport, other, message, deadline)) return false;
  }
  return false;
}

}  // namespace attune::launch
