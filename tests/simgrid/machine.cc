#include "tests/simgrid/machine.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

namespace attune::crosscheck {
namespace {

namespace s4u = simgrid::s4u;

/// SimGrid counts work in flops and drops what is less than its precision: a core does so many a second.
constexpr double kSpeed = 1e9;
/// Timers that are due sooner would not let time pass.
constexpr double kLeastWait = 1e-7;
/// What ZeroMQ frames a message of three parts with, and what CURVE adds to them.
constexpr double kFraming = 3 * 9;
constexpr double kSealing = 3 * 33;

}  // namespace

void StartThread(const std::string& name, s4u::Host* host, const std::function<void()>& main) {
  s4u::Actor::create(name, host, main)->daemonize();
}

void Bell::Ring() {
  if (std::exchange(rung_, true)) return;
  semaphore_->release();
}

void Bell::Wait(double until) {
  bool timed_out = false;
  if (until == kNobody) {
    semaphore_->acquire();
  } else {
    timed_out = semaphore_->acquire_timeout(std::max(kLeastWait, until - s4u::Engine::get_clock()));
  }
  if (!timed_out) rung_ = false;
}

Fabric::Fabric(const Job& job, double latency_factor, int flows)
    : job_(job), connections_(std::size_t{job.hosts} * job.hosts) {
  s4u::NetZone* const zone = s4u::create_star_zone("switch");
  for (unsigned n = 0; n < job.hosts; ++n) {
    const std::string name = "host-" + std::to_string(n);
    s4u::Host* const host = zone->create_host(name, kSpeed);
    host->set_core_count(static_cast<int>(std::ceil(job.cores)));
    auto* const link = zone->create_split_duplex_link(name + "-link", job.bandwidth);
    // Half of the way each; threads that wake up take their time however the network counts latency.
    link->set_latency((job.latency + job.costs.hop / latency_factor) / 2);
    for (s4u::Link* way : {link->get_link_up(), link->get_link_down()}) way->set_concurrency_limit(flows);
    zone->add_route(host->get_netpoint(), nullptr, nullptr, nullptr,
                    {{link, s4u::LinkInRoute::Direction::UP}}, true);
    machines_.push_back(std::make_unique<Machine>(*this, host, n));
    couriers_.push_back(std::make_unique<Courier>(job, *machines_.back()));
  }
  zone->seal();
}

Courier::Courier(const Job& job, Machine& to) : job_(job), to_(to), free_at_(job.hosts) {
  StartThread("courier", to.host(), [this] { Main(); });
}

void Courier::Take(unsigned from, std::unique_ptr<Message> message, double bytes) {
  double& free_at = free_at_[from];
  free_at = std::max(free_at, s4u::Engine::get_clock()) + bytes / job_.bandwidth;
  waiting_.emplace(free_at + job_.latency + job_.costs.hop, std::move(message));
  bell_.Ring();
}

void Courier::Main() {
  while (true) {
    while (!waiting_.empty() && waiting_.begin()->first <= s4u::Engine::get_clock()) {
      auto first = waiting_.extract(waiting_.begin());
      to_.Arrive(std::move(first.mapped()));
    }
    bell_.Wait(waiting_.empty() ? kNobody : waiting_.begin()->first);
  }
}

void Fabric::Count(double bytes) {
  bytes_ += bytes;
  ++messages_;
}

s4u::Mailbox* Fabric::Connection(unsigned from, unsigned to) {
  s4u::Mailbox*& box = connections_[std::size_t{from} * job_.hosts + to];
  if (box != nullptr) return box;
  const std::string name = std::to_string(from) + "-" + std::to_string(to);
  box = s4u::Mailbox::by_name(name);
  Machine& there = machine(to);
  auto reader = s4u::Actor::create(name, there.host(), [box = box, &there] {
    while (true) there.Arrive(box->get_unique<Message>());
  });
  reader->daemonize();
  box->set_receiver(reader);  // so that messages set out without waiting for it
  return box;
}

void Fabric::Transmit(unsigned from, std::unique_ptr<Message> message) {
  const double bytes = message->bytes + kFraming + (job_.encrypted ? kSealing : 0);
  if (!message->bulk) {
    return couriers_[message->to]->Take(from, std::move(message), bytes);
  }
  s4u::Mailbox* const box = Connection(from, message->to);
  box->put_init(message.release(), static_cast<std::uint64_t>(std::llround(bytes)))->detach();
}

void Machine::Start(std::function<double()> proceed) {
  const std::string name = host_->get_name();
  StartThread(name + "-network", host_, [this, proceed = std::move(proceed)] { NetworkMain(proceed); });
  StartThread(name + "-carrier", host_, [this] { CarrierMain(); });
}

void Machine::Compute(double seconds) {
  if (seconds > 0) s4u::this_actor::execute(seconds * kSpeed);
}

void Machine::Work(double seconds) {
  network_seconds_ += seconds;
  Compute(seconds);
}

void Machine::Send(Message message) {
  fabric_.Count(message.bytes);
  Work(message.prepare + fabric_.job().costs.send.Of(message.bytes));
  loads_.push_back({std::make_unique<Message>(std::move(message)), true});
  carrier_bell_.Ring();
}

void Machine::Arrive(std::unique_ptr<Message> message) {
  loads_.push_back({std::move(message), false});
  carrier_bell_.Ring();
}

void Machine::CarrierMain() {
  while (true) {
    while (!loads_.empty()) {
      Load load = std::move(loads_.front());
      loads_.pop_front();
      const double seconds = fabric_.job().costs.carry.Of(load.message->bytes);
      carrier_seconds_ += seconds;
      Compute(seconds);
      if (load.outward) {
        fabric_.Transmit(self_, std::move(load.message));
      } else {
        inbox_.push_back(std::move(load.message));
        bell_.Ring();
      }
    }
    carrier_bell_.Wait();
  }
}

/// As a node does: takes all that has come, then goes on with everything.
void Machine::NetworkMain(const std::function<double()>& proceed) {
  while (true) {
    while (!inbox_.empty()) {
      const std::unique_ptr<Message> message = std::move(inbox_.front());
      inbox_.pop_front();
      Work(fabric_.job().costs.receive.Of(message->bytes) + message->deal);
      message->handle();
    }
    bell_.Wait(proceed());
  }
}

}  // namespace attune::crosscheck
