#include "tests/sim/network.h"

#include <algorithm>
#include <cmath>

namespace attune::sim {

Duration Draws::About(Duration mean) {
  const double factor = -std::log(1 - Unit());
  return std::chrono::duration_cast<Duration>(mean * factor);
}

bool Network::Paused(std::uint32_t node) const {
  const auto at = paused_until_.find(node);
  return at != paused_until_.end() && now_ < at->second;
}

void Network::After(Duration time, std::function<void()> event) {
  events_.emplace(std::pair(now_ + time, order_++), std::move(event));
}

void Network::Send(std::uint32_t from, std::uint32_t incarnation, std::uint32_t to,
                   const wire::Control& what) {
  Link& link = links_[{from, to}];
  if (draws_.Chance(faults_.broken)) {
    ++link.epoch;
    link.last_arrival = now_;
    ++lost_;
    return;
  }
  const int copies = draws_.Chance(faults_.repeated) ? 2 : 1;
  for (int copy = 0; copy < copies; ++copy) {
    Time arrival = now_ + draws_.About(faults_.delay);
    if (!draws_.Chance(faults_.reordered)) arrival = std::max(arrival, link.last_arrival);
    link.last_arrival = std::max(arrival, link.last_arrival);
    const std::uint64_t epoch = link.epoch;
    After(arrival - now_, [=, this] { Arrive(from, incarnation, to, epoch, what); });
  }
}

void Network::Arrive(std::uint32_t from, std::uint32_t incarnation, std::uint32_t to,
                     std::uint64_t link_epoch, const wire::Control& what) {
  if (links_[{from, to}].epoch != link_epoch) {
    ++lost_;
    return;
  }
  if (Paused(to)) {
    After(paused_until_[to] - now_, [=, this] { Arrive(from, incarnation, to, link_epoch, what); });
    return;
  }
  const auto listener = listeners_.find(to);
  if (listener == listeners_.end()) {
    ++lost_;
    return;
  }
  ++delivered_;
  // Through bytes, as in a real cluster.
  const auto again = wire::DecodeControl(wire::Encode(what));
  const Deliver deliver = listener->second;
  deliver(from, incarnation, *again);
}

bool Network::Step() {
  if (events_.empty()) return false;
  const auto next = events_.begin();
  now_ = next->first.first;
  const auto event = std::move(next->second);
  events_.erase(next);
  event();
  return true;
}

}  // namespace attune::sim
