#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/wire/control.h"
#include "scheduler/lease_desk.h"
#include "scheduler/membership.h"
#include "scheduler/outgoing.h"
#include "scheduler/round_standing.h"
#include "scheduler/snapshot_parts.h"
#include "scheduler/survey.h"

namespace attune::scheduler {

/// The scheduler's side of a cluster: takes nodes in, leads them through rounds of work, notices who is gone.
/// It owns who is a member, which round is under way and who has done it, and what nodes have told. Questions
/// for leases it brings to its LeaseDesk, which owns where the slices' rows and leases are.
/// A state machine without threads, clocks or sockets: messages and time go in, messages come out. Messages
/// may be lost (when a connection breaks) or come twice: nodes ask again until they are answered, and
/// whatever is asked twice is done once. Threads: confined.
class Coordinator {
 public:
  using Time = Membership::Time;

  struct Options {
    Membership::Options membership;
    std::uint32_t slices = 0;
    std::uint64_t seed = 0;
    /// How long a round may be without any worker before the job fails.
    Membership::Duration without_workers = std::chrono::seconds(60);
    /// How often a node is told again what it seems not to know.
    Membership::Duration retry = std::chrono::seconds(1);
    std::uint32_t self =
        0;  ///< the scheduler's own node, which takes rows of U that their host leaves behind
    /// Whether the job can begin again from a checkpoint when rows are lost: then it does not fail.
    bool begins_again = false;
    Changes changes;  ///< of earlier lives of the job
  };

  enum class Phase {
    kGathering,  ///< not all expected nodes have registered
    kIdle,       ///< between rounds: Begin or Stop is next
    kWorking,
    kStopping,  ///< nodes were told to end
    kFailed,    ///< see failure(), and life_over()
  };

  using Outgoing = scheduler::Outgoing;

  /// What became of a node that wants to join a job that has begun.
  struct Announced {
    std::string refused;  ///< why it may not
    std::uint32_t node = 0;
    std::uint32_t first_seat = 0;
    std::uint32_t leader =
        0;  ///< node of its host that has made the host's memory; itself if it is the first
  };

  Coordinator(const Options& options, Time now);

  void OnMessage(std::uint32_t from, std::uint32_t incarnation, const wire::Control& message, Time now);
  /// Takes note of a node that will register; once everybody knows of it, it may. All expected nodes must
  /// have registered before. @param info  its number and first seat are chosen here
  Announced Announce(NodeInfo info, Time now);
  bool EverybodyKnows(std::uint32_t node) const { return members_.EverybodyKnows(node); }

  /// To be called now and then: notices silence.
  void Tick(Time now);
  /// This process stood still for so long: see Membership.
  void Forgive(Membership::Duration silence);
  /// What is to be sent, in order.
  std::vector<Outgoing> TakeOutgoing();

  /// A round of work, from kIdle.
  /// @param done  slices of the epoch that were trained before
  /// @param following  of training: factors of the rates of epochs that belong to the round, too
  void Begin(wire::Work work, std::uint32_t epoch, double rate_factor = 1, const SlicesDone& done = {},
             const std::vector<double>& following = {});
  /// Hands out no more leases in this round, which ends when nobody has one; but if some of the next epoch
  /// were handed out, this one is completed first.
  void Pause();
  /// Why a snapshot failed that a round of Work::kSnapshot began, or nothing.
  /// @param number  the round's epoch  @param ended  set to whether all have written their parts, or it
  /// failed
  std::string SnapshotProblem(std::uint32_t number, bool& ended) const {
    return snapshots_.Problem(number, members_, ended);
  }
  /// Nodes that write a part of the newest.
  const std::set<std::uint32_t>& snapshot_writers() const { return snapshots_.writers(); }
  /// Ends the round early: nothing more is handed out, and what workers have is not waited for.
  void Abandon();
  /// What some nodes have alone is lost: the job begins again from a checkpoint, or fails if it cannot.
  /// Nothing when it ends already.
  void LoseRows(std::string what);
  /// Tells all nodes to end. They say kLeaving or are forgotten.
  /// @param code  that their processes end with
  void Stop(const std::string& reason, std::uint32_t code = 0);

  Phase phase() const { return phase_; }
  /// Whether all of the newest round was done, rather than abandoned.
  bool RoundComplete() const;
  /// Whether every node has left or is dead.
  bool deserted() const { return members_.Alive().empty(); }
  const std::string& failure() const { return failure_; }
  /// Whether the job has not failed, but must begin again: nodes are not told, they meet its next life.
  bool life_over() const { return life_over_; }
  const Membership& members() const { return members_; }
  /// Of the last round of leases: its epoch under way, or the last if all are complete.
  std::uint32_t epoch() const { return desk_.board() ? desk_.board()->epoch() : 0; }
  LeaseReport Total() const { return desk_.board() ? desk_.board()->Total() : LeaseReport(); }
  SlicesDone Done() const { return desk_.board() ? desk_.board()->Done() : SlicesDone(); }
  /// What was trained of the epoch after the one under way.
  LeaseReport TotalOfNext() const { return desk_.board() ? desk_.board()->TotalOfNext() : LeaseReport(); }
  /// Of an epoch that has ended before the one under way, in the same round.
  LeaseReport TotalOf(std::uint32_t epoch) const { return desk_.TotalOf(epoch); }
  /// Ranks that the last round of evaluation brought, by slice.
  const std::vector<std::vector<std::uint32_t>>& ranks() const { return desk_.ranks(); }
  /// Host of each slice's rows, as a node that is there; nothing where no host has them.
  std::vector<std::optional<std::uint32_t>> NodesOfSlices() const { return desk_.NodesOfSlices(); }
  /// Where the newest round is, and who has not done what of it.
  RoundStanding Standing(Time now) const;
  /// Who takes part, and what they have told: newer than Counters(), which is of rows at rest.
  Survey LookAround(Time now) const;
  /// What has changed among the processes of the job so far, and what was lost by it.
  const Changes& changes() const { return changes_; }
  /// Sum of what all processes have told, those that are gone among them.
  wire::NodeCounters Counters() const;
  /// Who joined, left or died since this was last asked for, for people.
  std::vector<std::string> TakeEvents() { return std::exchange(events_, {}); }

 private:
  void Handle(std::uint32_t from, const wire::Heartbeat& heartbeat);
  void Handle(std::uint32_t from, const wire::WantLease& want);
  void Handle(std::uint32_t from, const wire::LeaseDone& done);
  void Handle(std::uint32_t from, const wire::RoundDone& done);
  void Handle(std::uint32_t from, const wire::Leaving& leaving);
  void Handle(std::uint32_t from, const wire::SlicesFetched& fetched);
  template <typename Other>
  void Handle(std::uint32_t, const Other&) {
    ++changes_.ignored;  // not for the scheduler
  }

  void Register(const wire::Register& registration, Time now);
  bool HasLostMemory(const wire::Register& registration) const;
  bool DoesWithout(std::uint32_t node, bool leads) const;
  void GoOnWithoutMissing(Time now);
  void TellIfOver(std::uint32_t node);
  void Gone(std::uint32_t node);
  void NoteTold(std::uint32_t from, const wire::NodeCounters& counters);
  void LoseHostIfEmpty(std::uint32_t node);
  void Dismiss(std::uint32_t node);
  bool IsNeeded(std::uint32_t node);
  void NoticeSilence(Time now);
  void Bury(std::uint32_t node, const char* what);
  void LoseFollowers(const std::string& host);
  /// Whether it is the round under way, and of leases.
  bool HasLeases(std::uint32_t round) const {
    return phase_ == Phase::kWorking && wire::HasLeases(round_.work) && round == round_.round;
  }
  void HandOutWaitedFor();
  void CloseRoundIfComplete();
  std::vector<std::uint32_t> Writers() const;
  std::set<std::uint32_t> Leaders() const;
  void TellAgain(Time now);
  void Send(std::uint32_t to, wire::Control what) { outgoing_.push_back({to, std::move(what)}); }
  void SendAll(std::vector<Outgoing> all);
  void SendRoster();
  void SendRosterTo(std::uint32_t node);
  void Fail(std::string failure);

  const Options options_;
  Membership members_;
  LeaseDesk desk_;
  Phase phase_ = Phase::kGathering;
  wire::Stop stop_;
  std::string failure_;
  bool life_over_ = false;
  std::vector<Outgoing> outgoing_;
  wire::BeginRound round_;
  std::set<std::uint32_t> done_;  ///< nodes that said kRoundDone in this round
  Time told_{};                   ///< when nodes were told again last
  std::optional<Time> without_workers_since_;
  SnapshotParts snapshots_;
  std::map<std::uint32_t, std::uint64_t> triples_;  ///< by node, as its newest heartbeat says
  Changes changes_;
  std::map<std::pair<std::uint32_t, std::uint32_t>, wire::NodeCounters> counters_;  ///< by node, incarnation
  /// The same as processes tell them in between.
  std::map<std::pair<std::uint32_t, std::uint32_t>, wire::NodeCounters> told_counters_;
  std::vector<std::string> events_;
};

}  // namespace attune::scheduler
