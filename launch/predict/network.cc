#include "launch/predict/network.h"

#include <algorithm>
#include <utility>

namespace attune::predict {
namespace {

/// What a TCP segment of 1,448 bytes takes on Ethernet: 1,514 with its headers.
constexpr double kOnTheWire = 1514.0 / 1448.0;
/// Frame heads of ZeroMQ, and what its encryption adds to up to three frames.
constexpr double kTransportBytes = 3 * 9;
constexpr double kEncryptionBytes = 3 * 33;

double CoreRate(const Scenario& scenario) {
  if (scenario.oversubscription <= 0) return std::numeric_limits<double>::infinity();
  return scenario.bandwidth * scenario.hosts / scenario.oversubscription;
}

}  // namespace

Network::Network(EventQueue& queue, const Scenario& scenario)
    : queue_(queue), scenario_(scenario), core_(CoreRate(scenario)) {
  const unsigned groups = std::max(1U, std::min(scenario.groups, scenario.hosts));
  sizes_.push_back(groups == 1 ? scenario.hosts : 1);
  // The others are dealt out as evenly as whole hosts can be.
  for (unsigned n = 1; n < groups; ++n) {
    const unsigned others = scenario.hosts - 1, rest = others % (groups - 1);
    sizes_.push_back(others / (groups - 1) + (n <= rest ? 1 : 0));
  }
  const bool shared = scenario.shared_cores > 0;
  if (shared) processors_.emplace_back(queue_, scenario.shared_cores);
  for (unsigned n = 0; n < groups; ++n) {
    if (!shared) processors_.emplace_back(queue_, scenario.cores);
    hosts_.emplace_back(processors_.back(), scenario.bandwidth);
  }
}

double Network::Carry(const Message& message) const {
  const ByteCost& cost = scenario_.encrypted ? scenario_.costs.carry_encrypted : scenario_.costs.carry;
  return cost.Of(message.bytes);
}

void Network::Send(Message of) {
  const auto message = std::make_shared<Message>(std::move(of));
  const double out = Out(*message);
  bytes_sent_ += SizeOf(message->from) * out * message->bytes;
  messages_sent_ += SizeOf(message->from) * out;
  HostParts& from = hosts_[message->from];
  const double send = out * (message->send + scenario_.costs.send.Of(message->bytes));
  from.network.Run(send, [this, message, out] {
    HostParts& there = hosts_[message->from];
    there.carrier.Run(out * Carry(*message), [this, message] { Depart(message); });
  });
}

void Network::Depart(const Shared& message) {
  const double bytes =
      (message->bytes + kTransportBytes + (scenario_.encrypted ? kEncryptionBytes : 0)) * kOnTheWire;
  const double now = queue_.now(), all = bytes * Out(*message);
  const auto [begins, out] = hosts_[message->from].out.Take(now, now, all, message->lane);
  const double last = core_.Take(begins, out, all * SizeOf(message->from), message->lane).ends;
  const double late = scenario_.latency + scenario_.costs.hop;
  queue_.At(begins + late,
            [this, message, first = begins + late, last = last + late] { Land(message, first, last); });
}

void Network::Land(const Shared& message, double first, double last) {
  const double bytes =
      (message->bytes + kTransportBytes + (scenario_.encrypted ? kEncryptionBytes : 0)) * kOnTheWire;
  const double arrives = hosts_[message->to].in.Take(first, last, bytes * In(*message), message->lane).ends;
  queue_.At(arrives, [this, message] {
    HostParts& to = hosts_[message->to];
    to.carrier.Run(In(*message) * Carry(*message), [this, message] {
      const double each = message->receive + scenario_.costs.receive.Of(message->bytes);
      hosts_[message->to].network.Run(In(*message) * each, message->arrived);
    });
  });
}

}  // namespace attune::predict
