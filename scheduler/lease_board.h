#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "scheduler/lease_queue.h"

namespace attune::scheduler {

/// The leases of one round among the workers of a cluster. Each slice has a home, the host that has its rows
/// of U: its workers are served first, others when none of theirs is left, from the host that has most left.
/// A slice moves to the host of the worker that completed it.
/// A round of training may be of several epochs. When no slice waits for the one under way, those that are
/// done are handed out for the next, so that nobody waits for the last of an epoch; a slice is never trained
/// for two epochs at once, and nobody is more than one epoch ahead.
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
    std::uint32_t attempt = 0;  ///< at this slice in this round, from 1; only the newest may complete
    Host home = 0;              ///< who has the rows now: nobody (kNowhere), another host, or the worker's
    std::uint32_t epoch = 0;
    std::uint32_t clock = 0;  ///< that workers had reached when they were done with the epoch before
  };

  /// @param homes  host of each slice, as the last round left it
  /// @param epoch  the first; with the seed, each epoch decides its order
  /// @param moving  slices that are handed out only when they have Arrived()
  /// @param done  what of the epoch was trained before: it is not handed out again
  /// @param following  epochs of the round after the first
  LeaseBoard(std::vector<Host> homes, std::uint64_t seed, std::uint32_t epoch,
             const std::set<std::uint32_t>& moving = {}, const SlicesDone& done = {},
             std::uint32_t following = 0);

  /// After a pause in the epoch attempts go on from those of the board before, so that no two are alike. Of
  /// another epoch nothing is taken. To be called before Next().
  void GoOnFrom(const LeaseBoard& paused);

  /// A slice for a worker, or nothing when none waits: then either the round is complete, or others still
  /// have leases, which may come back.
  std::optional<Lease> Next(Worker worker, Host host);

  /// Takes a lease back. @param clock  of the worker, in batches of the round
  /// @returns false for one that was taken from the worker meanwhile, or came back already: its report is not
  /// counted
  bool Complete(Worker worker, std::uint32_t slice, std::uint32_t attempt, const LeaseReport& report,
                std::uint32_t clock = 0);

  /// The epoch under way: the first that has not ended.
  std::uint32_t epoch() const { return epoch_; }
  /// Goes on to the next epoch if this one is complete and not the last. @returns the sum of what has ended
  std::optional<LeaseReport> Advance();

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

  /// Hands out nothing more, unless a slice was begun for the next epoch: then what is left of this one, so
  /// that a single epoch is under way in the end.
  void Close() { closed_ = true; }
  /// Whether nothing more comes of a board that was closed.
  bool at_rest() const { return closed_ && !HasBegunNext() && idle(); }
  /// Whether nobody has a lease.
  bool idle() const;

  /// Whether all epochs are.
  bool complete() const { return epoch_ == last_ && completed_ == slices_.size(); }
  std::size_t slices() const { return slices_.size(); }
  /// Of the epoch under way.
  std::size_t completed() const { return completed_; }
  std::size_t waiting() const { return now_.count + next_.count; }
  /// Whether slices that are held wait again when they are done.
  bool goes_on() const { return epoch_ < last_ && !closed_; }
  /// Leases that the worker has now.
  std::size_t held(Worker worker) const {
    const auto at = held_.find(worker);
    return at == held_.end() ? 0 : at->second;
  }
  /// Leases that workers have now.
  std::size_t out() const;
  /// Sum of all completed leases of the epoch, in order of slices.
  LeaseReport Total() const;
  /// And of the next.
  LeaseReport TotalOfNext() const;
  /// Of the epoch.
  SlicesDone Done() const;
  /// Where each slice is now.
  std::vector<Host> homes() const;

 private:
  struct Slice {
    Host home = 0;
    std::uint32_t attempts = 0;
    std::optional<Worker> holder;
    Host holder_host = 0;
    std::optional<LeaseReport> report;  ///< of the epoch; if there is one, leases are for the next
    std::optional<LeaseReport> next;    ///< of the next epoch
    bool moving = false;
  };
  /// Slices that wait for their leases of an epoch.
  struct Waiting {
    std::vector<std::uint32_t> place;                           ///< of each slice in the epoch's order
    std::map<Host, std::map<std::uint32_t, std::uint32_t>> of;  ///< by home, then by place
    std::size_t count = 0;
    std::uint32_t clock = 0;  ///< the greatest of workers that were done with a slice of the epoch before
  };

  Waiting InOrderOf(std::uint32_t epoch) const;
  static std::uint32_t Take(Waiting& waiting, Host host);
  void Wait(std::uint32_t slice);
  bool HasBegunNext() const;

  const std::uint64_t seed_;
  const std::uint32_t last_;  ///< epoch
  std::uint32_t epoch_;
  std::vector<Slice> slices_;
  Waiting now_;                   ///< for the epoch under way
  Waiting next_;                  ///< for the one after it
  std::uint32_t after_next_ = 0;  ///< clock of those that were done with a slice of that one
  std::map<Worker, std::size_t> held_;
  std::size_t completed_ = 0;  ///< slices of the epoch
  bool closed_ = false;
};

}  // namespace attune::scheduler
