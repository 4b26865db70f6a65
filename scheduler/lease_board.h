#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "scheduler/lease_queue.h"

namespace attune::scheduler {

/// The leases of one round among the workers of a cluster. Each slice has a home, the host that has its rows
/// of U: its workers are served first, others when none of theirs is left, from the host that has most left.
/// A slice moves to the host of the worker that completed it.
/// Leases of a worker that is gone are handed out again. Threads: confined.
class LeaseBoard {
 public:
  using Worker = std::uint32_t;
  using Host = std::uint32_t;

  /// Home of a slice that no host has rows of.
  static constexpr Host kNowhere = ~Host{0};

  /// Handed out now.
  struct Lease {
    std::uint32_t slice = 0;
    std::uint32_t attempt = 0;  ///< 1 the first time in an epoch; only the newest attempt may complete
    Host home = 0;              ///< who has the rows now: nobody (kNowhere), another host, or the worker's
  };

  /// @param homes  host of each slice, as the last round left it
  /// @param epoch  with the seed, decides the order
  /// @param moving  slices that are handed out only when they have Arrived()
  /// @param done  what of the epoch was trained before: it is not handed out again
  LeaseBoard(std::vector<Host> homes, std::uint64_t seed, std::uint32_t epoch,
             const std::set<std::uint32_t>& moving = {}, const SlicesDone& done = {});

  /// After a pause in the epoch attempts go on from those of the board before, so that no two are alike. Of
  /// another epoch nothing is taken. To be called before Next().
  void GoOnFrom(const LeaseBoard& paused);

  /// A slice for a worker, or nothing when none waits: then either the epoch is complete, or others still
  /// have leases, which may come back.
  std::optional<Lease> Next(Worker worker, Host host);

  /// Takes a lease back. @returns false for one that was taken from the worker meanwhile, or came back
  /// already: its report is not counted
  bool Complete(Worker worker, std::uint32_t slice, std::uint32_t attempt, const LeaseReport& report);

  /// The worker is gone: what it had waits again. @returns how many leases that were
  std::size_t Return(Worker worker);
  /// The host is gone, and its rows with it. @returns how many slices had their home there
  std::size_t Lose(Host host);

  /// Slices whose home is there and that nobody holds: they are not handed out until they have arrived.
  std::vector<std::uint32_t> Depart(Host host);
  /// The slice is at its new home. Nothing happens to one that was lost meanwhile.
  void Arrive(std::uint32_t slice, Host home);
  /// Slices that have departed and not arrived.
  std::set<std::uint32_t> moving() const;

  /// Hands out nothing more.
  void Close() { closed_ = true; }
  bool closed() const { return closed_; }
  /// Whether nobody has a lease.
  bool idle() const;

  bool complete() const { return completed_ == slices_.size(); }
  std::size_t slices() const { return slices_.size(); }
  std::size_t completed() const { return completed_; }
  std::size_t waiting() const { return waiting_; }
  /// Leases that the worker has now.
  std::size_t held(Worker worker) const {
    const auto at = held_.find(worker);
    return at == held_.end() ? 0 : at->second;
  }
  /// Leases that workers have now.
  std::size_t out() const;
  /// Sum of all completed leases, in order of slices.
  LeaseReport Total() const;
  SlicesDone Done() const;
  /// Where each slice is now.
  std::vector<Host> homes() const;

 private:
  struct Slice {
    Host home = 0;
    std::uint32_t attempts = 0;
    std::optional<Worker> holder;
    Host holder_host = 0;
    std::optional<LeaseReport> report;
    bool moving = false;
  };

  std::optional<std::uint32_t> Take(Host host);
  void Wait(std::uint32_t slice);

  std::uint32_t epoch_;
  std::vector<Slice> slices_;
  std::map<Host, std::deque<std::uint32_t>> waiting_of_;  ///< slices that wait, by home
  std::size_t waiting_ = 0;
  std::map<Worker, std::size_t> held_;
  std::size_t completed_ = 0;
  bool closed_ = false;
};

}  // namespace attune::scheduler
