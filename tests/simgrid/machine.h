#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <simgrid/s4u.hpp>
#include <vector>

#include "tests/simgrid/job.h"

namespace attune::crosscheck {

class Machine;

/// Something that a thread waits for. Threads: actors of SimGrid, which run one at a time.
class Bell {
 public:
  /// However often it is rung before somebody waits, it wakes once.
  void Ring();
  /// @param until  time of the simulation; kNobody: until it rings
  void Wait(double until = kNobody);

 private:
  bool rung_ = false;
  simgrid::s4u::SemaphorePtr semaphore_ = simgrid::s4u::Semaphore::create(0);
};

/// A message between two hosts. `handle` runs on the receiver's network thread when that has dealt with it.
struct Message {
  unsigned to = 0;
  double bytes = 0;    ///< without what the transport adds
  double prepare = 0;  ///< seconds of the sender's network thread, beside those that any message takes
  double deal = 0;     ///< of the receiver's
  std::function<void()> handle;
  bool bulk = false;  ///< a frame of rows: goes by a connection of its own (common/net/zmq_transport.cc)
};

/// Brings a host what is swift, in order from each other host. It takes the time of the way and of its bytes,
/// but no share of links: what waits there is frames of rows. Threads: as Bell.
class Courier {
 public:
  Courier(const Job& job, Machine& to);
  void Take(unsigned from, std::unique_ptr<Message> message, double bytes);

 private:
  void Main();

  const Job& job_;
  Machine& to_;
  Bell bell_;
  std::multimap<double, std::unique_ptr<Message>> waiting_;  ///< by when they are there
  std::vector<double> free_at_;                              ///< by sender: when its last have left
};

/// Hosts with a link each, up and down, on a switch that never blocks.
class Fabric {
 public:
  /// @param latency_factor  by which the network model multiplies latencies
  /// @param flows  messages that a link passes at a time, each way, the others wait; negative: any number
  Fabric(const Job& job, double latency_factor, int flows);

  Machine& machine(unsigned host) { return *machines_[host]; }
  const Job& job() const { return job_; }
  /// Bytes of all messages, without what the transport adds.
  double bytes() const { return bytes_; }
  double messages() const { return messages_; }
  void Count(double bytes);
  /// Gives a message to its connection between two hosts, which delivers in order.
  void Transmit(unsigned from, std::unique_ptr<Message> message);

 private:
  simgrid::s4u::Mailbox* Connection(unsigned from, unsigned to);

  const Job& job_;
  std::vector<std::unique_ptr<Machine>> machines_;
  std::vector<simgrid::s4u::Mailbox*> connections_;  ///< [from * hosts + to]; null: not opened yet
  std::vector<std::unique_ptr<Courier>> couriers_;   ///< by receiver
  double bytes_ = 0;
  double messages_ = 0;
};

/// The threads of a host that move messages: one that says and understands them, and one of the transport,
/// which encrypts. Each is an actor that does one thing after the other on a core.
class Machine {
 public:
  Machine(Fabric& fabric, simgrid::s4u::Host* host, unsigned self)
      : fabric_(fabric), host_(host), self_(self) {}

  /// @param proceed  what the network thread does when it has taken all that has come; says when it wants to
  /// be woken
  void Start(std::function<double()> proceed);

  /// Takes time. Threads: the network thread.
  void Send(Message message);
  /// Takes seconds of a core. Threads: any of this host.
  static void Compute(double seconds);
  /// Lets the network thread come round. Threads: any.
  void Wake() { bell_.Ring(); }
  /// A message has come in.
  void Arrive(std::unique_ptr<Message> message);

  simgrid::s4u::Host* host() const { return host_; }
  unsigned self() const { return self_; }
  double network_seconds() const { return network_seconds_; }
  double carrier_seconds() const { return carrier_seconds_; }

 private:
  struct Load {
    std::unique_ptr<Message> message;
    bool outward;
  };
  void NetworkMain(const std::function<double()>& proceed);
  void CarrierMain();
  void Work(double seconds);

  Fabric& fabric_;
  simgrid::s4u::Host* const host_;
  const unsigned self_;
  Bell bell_, carrier_bell_;
  std::deque<std::unique_ptr<Message>> inbox_;
  std::deque<Load> loads_;
  double network_seconds_ = 0;
  double carrier_seconds_ = 0;
};

/// Adds an actor that does not keep the simulation going.
void StartThread(const std::string& name, simgrid::s4u::Host* host, const std::function<void()>& main);

}  // namespace attune::crosscheck
