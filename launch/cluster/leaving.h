#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>

#include "common/net/transport.h"
#include "launch/cluster/host_sync.h"
#include "launch/cluster/peers.h"
#include "worker/lease_client.h"

namespace attune::launch {

/// A node's way out of a job: one that was asked to leave finishes what it trains, then brings to the owners
/// what it has added, then tells the scheduler that it may be let go. Threads: confined to the network
/// thread.
class Leaving {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// What it asks of its node; each may be empty.
  struct Ways {
    /// Whether this process was asked to leave the job.
    std::function<bool()> wanted;
    /// Forgets what waits to be trained. @returns whether nothing is trained here any more, nor about to be
    std::function<bool()> rest;
    /// Starts what is overdue of the last epoch on a worker thread.
    std::function<void()> fold;
    std::function<wire::NodeCounters()> counters;
    /// Whether nobody listens any more where the scheduler was.
    std::function<bool()> scheduler_is_gone;
    bool must_be_let_go = false;  ///< whether what this node has done counts only if the scheduler says so
    /// Whether somebody listens there who must have forgotten this node: of one that has joined late.
    std::function<bool()> is_forgotten;
  };

  /// References must outlive it. @param sync  nullptr where there is none
  Leaving(Ways ways, worker::LeaseClient& client, HostSync* sync, const Peers& peers)
      : ways_(std::move(ways)), client_(client), sync_(sync), peers_(peers) {}

  /// To be called now and then.
  void Proceed(Time now) {
    LeaveIfAsked(now);
    EndIfDeserted(now);
  }

 private:
  enum class Step { kNo, kFolding, kFlushing, kSettling };

  void LeaveIfAsked(Time now);
  void Drain(Time now);
  void EndIfDeserted(Time now);

  const Ways ways_;
  worker::LeaseClient& client_;
  HostSync* const sync_;
  const Peers& peers_;
  Step step_ = Step::kNo;
  std::uint64_t farewell_round_ = 0;  ///< round of the sync after which this node may go
  Time looked_{};                     ///< for the scheduler's node
};

/// Nodes that have left, and are connected for a while still: they may not have heard that they may go.
/// Threads: confined.
class Farewells {
 public:
  using Time = Leaving::Time;

  explicit Farewells(net::Transport& transport) : transport_(transport) {}

  void Add(net::NodeId node, Time now) { left_.emplace(node, now); }
  /// It has come back.
  void Remove(net::NodeId node) { left_.erase(node); }
  /// Disconnects those whose time is over.
  void Say(Time now);

 private:
  net::Transport& transport_;
  std::map<net::NodeId, Time> left_;
};

}  // namespace attune::launch
