#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/wire/control.h"
#include "scheduler/lease_board.h"
#include "scheduler/membership.h"
#include "scheduler/outgoing.h"

namespace attune::scheduler {

/// Where workers ask for leases and bring them back.
/// It owns which host has the rows of each slice, the leases of the newest round that has some, and what each
/// worker has asked in it and was told: the same question has the same answer, since messages may be lost and
/// come twice. Who is a member, which round is under way and when it is over is the Coordinator's, which
/// brings here only what belongs to a round of leases under way, and sends what comes out. Threads: confined.
class LeaseDesk {
 public:
  /// @param members  of the job; must outlive it
  LeaseDesk(const Membership& members, std::uint32_t slices, std::uint64_t seed);
  LeaseDesk(const LeaseDesk&) = delete;
  LeaseDesk& operator=(const LeaseDesk&) = delete;

  /// A round of leases begins: what was asked in the one before is forgotten.
  /// @param round  its number, its first epoch and the factor of that epoch's rates
  /// @param done  slices of the epoch that were trained before
  /// @param following  factors of the rates of epochs that belong to the round, too
  void Begin(const wire::BeginRound& round, const SlicesDone& done, const std::vector<double>& following);
  /// Answers to what workers will ask first, before they do: that would take a round trip in which they have
  /// nothing to do.
  std::vector<Outgoing> HandOutFirst();
  /// A worker's question of this round. @returns the answer, or nothing if there is none now: of a worker
  /// that has nothing to do HandOutWaitedFor() answers one question later
  std::optional<wire::Control> Ask(std::uint32_t worker, const wire::WantLease& want);
  /// What waits now goes to workers that have nothing to do.
  std::vector<Outgoing> HandOutWaitedFor();
  /// A lease of this round comes back. Epochs that are complete by it end, unless its loss is not a number.
  /// @returns whether it counts: only the first report of the newest attempt does
  bool Complete(std::uint32_t worker, const wire::LeaseDone& done);
  /// Hands out no more, but what completes the epoch under way if some of the next was handed out.
  void Close() { board_->Close(); }

  /// The worker takes no more leases: its question is not answered any more.
  void StopAnswering(std::uint32_t worker) { asks_.erase(worker); }
  /// What the worker has waits again. @returns how many leases that were
  std::size_t Return(std::uint32_t worker) { return board_ ? board_->Return(worker) : 0; }
  /// The process is gone, and what it has asked with it: what it had waits again. @returns how many leases
  std::size_t Forget(std::uint32_t node);
  /// Rows of U are in the memory of a host: they are there as long as one of its nodes is.
  /// @param node  that is gone
  /// @returns how many slices have lost their rows, as it was the last of its host
  std::size_t LoseHostIfEmpty(std::uint32_t node);

  /// Whether the node's host has rows of some slice.
  bool HasRows(std::uint32_t node);
  /// Slices whose rows are on the node's host, and that nobody holds: they wait until they have arrived
  /// elsewhere.
  std::vector<std::uint32_t> Depart(std::uint32_t node) { return board_->Depart(HostOf(node)); }
  /// They are on the node's host now.
  void Arrive(const std::vector<std::uint32_t>& slices, std::uint32_t node);

  /// Host of each slice's rows, as a node that is there; nothing where no host has them.
  std::vector<std::optional<std::uint32_t>> NodesOfSlices() const;
  /// The same as the node that leads the host.
  std::vector<std::optional<std::uint32_t>> LeadersOfSlices() const;
  /// Where the leases of the newest round are; nullptr before the first.
  const LeaseBoard* board() const { return board_ ? &*board_ : nullptr; }
  /// Of an epoch that has ended before the one under way, in the same round.
  LeaseReport TotalOf(std::uint32_t epoch) const;
  /// Ranks that the round has brought, by slice.
  const std::vector<std::vector<std::uint32_t>>& ranks() const { return ranks_; }

 private:
  /// Answers to a worker's questions of this round by number, the newest of them, kept in case that they are
  /// lost.
  struct Answered {
    std::map<std::uint64_t, wire::Control> answers;
    std::uint64_t forgotten = 0;  ///< the greatest number whose answer is not kept any more
  };

  std::optional<wire::Control> AnswerOf(std::uint32_t worker, const wire::WantLease& want);
  wire::Control Keep(std::uint32_t worker, std::uint64_t request, wire::Control answer);
  std::optional<wire::Control> AnswerEarly(const NodeInfo& worker, std::uint64_t request);
  bool KeepsForOthers(std::uint32_t worker, std::uint32_t ahead) const;
  void EndEpochs();
  std::vector<LeaseBoard::Host> Homes() const { return board_ ? board_->homes() : homes_; }
  LeaseBoard::Host HostOf(std::uint32_t node);
  std::optional<std::uint32_t> NodeOf(LeaseBoard::Host host) const;

  const Membership& members_;
  const std::uint64_t seed_;
  std::map<std::string, LeaseBoard::Host> hosts_;  ///< their numbers
  const std::vector<LeaseBoard::Host> homes_;      ///< of slices, before the first board
  std::uint32_t round_ = 0;
  std::uint32_t first_epoch_ = 0;  ///< of the round
  std::optional<LeaseBoard> board_;
  std::vector<double> factors_;                 ///< of the rates, by epoch of the round
  std::map<std::uint32_t, LeaseReport> ended_;  ///< epochs of the round that have ended before the last
  std::vector<std::vector<std::uint32_t>> ranks_;
  std::map<std::uint32_t, Answered> answered_;
  std::map<std::uint32_t, std::uint32_t> ahead_;  ///< by worker, what it has said last
  /// By worker that has nothing to do: its question that is answered when a slice waits.
  std::map<std::uint32_t, std::uint64_t> asks_;
};

}  // namespace attune::scheduler
