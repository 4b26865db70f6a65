#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "launch/predict/processor.h"
#include "launch/predict/rate_server.h"
#include "launch/predict/scenario.h"

namespace attune::predict {

/// Where things happen on a host: its cores, the thread that moves messages, the transport's own thread, and
/// its link, one direction each.
struct HostParts {
  HostParts(Processor& on, double bandwidth)
      : processor(on), network(on), carrier(on), out(bandwidth), in(bandwidth) {}

  Processor& processor;
  SerialThread network;
  SerialThread carrier;
  RateServer out;
  RateServer in;
};

/// Messages between hosts. A modelled host stands for a group of hosts that do the same at the same time:
/// what it sends to another group goes to each host of that, and so does what it gets. Threads: confined.
class Network {
 public:
  /// From every host of a group to every other host of a group.
  struct Message {
    unsigned from = 0;
    unsigned to = 0;
    double bytes = 0;            ///< of one, without what the network adds
    double count = 1;            ///< from one host to one other
    double send = 0;             ///< seconds of the sender's network thread for one, beside the transport's
    double receive = 0;          ///< of the receiver's
    EventQueue::Action arrived;  ///< when the receivers have dealt with it
    Lane lane = Lane::kSwift;
  };

  Network(EventQueue& queue, const Scenario& scenario);

  void Send(Message message);

  std::size_t groups() const { return sizes_.size(); }
  const std::vector<double>& sizes() const { return sizes_; }
  double SizeOf(unsigned group) const { return sizes_[group]; }
  /// Hosts of `to` that are others for a host of `from`.
  double PeersOf(unsigned from, unsigned to) const { return sizes_[to] - (from == to ? 1 : 0); }
  HostParts& host(unsigned group) { return hosts_[group]; }
  const HostParts& host(unsigned group) const { return hosts_[group]; }
  const RateServer& core() const { return core_; }
  /// Of all hosts, without what the network adds.
  double bytes_sent() const { return bytes_sent_; }
  double messages_sent() const { return messages_sent_; }

 private:
  using Shared = std::shared_ptr<Message>;
  void Depart(const Shared& message);
  void Land(const Shared& message, double first, double last);
  double In(const Message& message) const { return message.count * PeersOf(message.to, message.from); }
  double Out(const Message& message) const { return message.count * PeersOf(message.from, message.to); }
  double Carry(const Message& message) const;

  EventQueue& queue_;
  const Scenario& scenario_;
  std::vector<double> sizes_;
  std::deque<Processor> processors_;
  std::deque<HostParts> hosts_;
  RateServer core_;
  double bytes_sent_ = 0;
  double messages_sent_ = 0;
};

}  // namespace attune::predict
