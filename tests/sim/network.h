#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <random>
#include <set>
#include <vector>

#include "common/wire/control.h"

namespace attune::sim {

using Time = std::chrono::steady_clock::time_point;
using Duration = std::chrono::steady_clock::duration;

/// Draws of one simulation, from its seed.
class Draws {
 public:
  explicit Draws(std::uint64_t seed) : generator_(seed) {}

  /// 0 … n-1
  std::uint32_t Below(std::uint32_t n) { return static_cast<std::uint32_t>(generator_() % n); }
  bool Chance(double probability) { return Unit() < probability; }
  /// In [0, 1)
  double Unit() { return static_cast<double>(generator_() >> 11) * 0x1p-53; }
  /// Exponential with this mean.
  Duration About(Duration mean);

 private:
  std::mt19937_64 generator_;
};

/// What goes wrong.
struct Faults {
  double broken = 0;     ///< share of connections that break at a message: it and those on their way are lost
  double repeated = 0;   ///< share of messages that come twice (asked again after a connection broke)
  double reordered = 0;  ///< share of messages that overtake those before them
  Duration delay = std::chrono::milliseconds(1);
};

/// Events in order of time, and messages among nodes.
class Network {
 public:
  using Deliver = std::function<void(std::uint32_t from, std::uint32_t incarnation, const wire::Control&)>;

  Network(std::uint64_t seed, const Faults& faults) : draws_(seed), faults_(faults) {}

  Time now() const { return now_; }
  Draws& draws() { return draws_; }

  /// Who gets what is sent to a node; replaces an earlier one.
  void Listen(std::uint32_t node, Deliver deliver) { listeners_[node] = std::move(deliver); }
  void StopListening(std::uint32_t node) { listeners_.erase(node); }
  /// A node that hears and says nothing for a while: what is sent to it meanwhile comes later.
  void Pause(std::uint32_t node, Duration time) { paused_until_[node] = now_ + time; }
  bool Paused(std::uint32_t node) const;

  void Send(std::uint32_t from, std::uint32_t incarnation, std::uint32_t to, const wire::Control& what);
  void After(Duration time, std::function<void()> event);

  /// Lets the next event happen. @returns false if there is none
  bool Step();

  std::uint64_t delivered() const { return delivered_; }
  std::uint64_t lost() const { return lost_; }

 private:
  struct Link {
    Time last_arrival{};
    std::uint64_t epoch = 0;  ///< grows when the connection breaks
  };

  void Arrive(std::uint32_t from, std::uint32_t incarnation, std::uint32_t to, std::uint64_t link_epoch,
              const wire::Control& what);

  Draws draws_;
  const Faults faults_;
  Time now_{};
  std::uint64_t order_ = 0;
  std::map<std::pair<Time, std::uint64_t>, std::function<void()>> events_;
  std::map<std::uint32_t, Deliver> listeners_;
  std::map<std::uint32_t, Time> paused_until_;
  std::map<std::pair<std::uint32_t, std::uint32_t>, Link> links_;
  std::uint64_t delivered_ = 0;
  std::uint64_t lost_ = 0;
};

}  // namespace attune::sim
