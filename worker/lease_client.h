#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/wire/control.h"

namespace attune::worker {

/// A worker's side of a cluster: registers with the scheduler, asks for leases ahead of need, brings reports
/// back. A state machine like the scheduler's Coordinator: whatever is not answered is said again.
/// Threads: confined.
class LeaseClient {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Duration = std::chrono::steady_clock::duration;

  struct Options {
    wire::Register self;
    std::uint32_t ahead = 2;  ///< leases that wait here to be trained
    Duration retry = std::chrono::seconds(1);
    Duration heartbeat = std::chrono::seconds(1);
    /// How long the scheduler may be silent before the worker gives up.
    Duration give_up = std::chrono::seconds(120);
  };

  enum class State {
    kRegistering,
    kWorking,
    kLeaving,  ///< trains no more, and waits until it may go
    kEnded,    ///< see reason()
    kLost,     ///< refused, or the scheduler was silent for too long: see reason()
  };

  LeaseClient(const Options& options, Time now);

  void OnMessage(const wire::Control& message, Time now);
  /// To be called now and then.
  void Tick(Time now);
  /// What is to be sent to the scheduler, in order.
  std::vector<wire::Control> TakeOutgoing() { return std::exchange(outgoing_, {}); }

  /// A lease to train now; nothing if none waits.
  std::optional<wire::Lease> TakeLease();
  /// A lease was trained to its end.
  void Finished(const wire::LeaseDone& report, Time now);
  /// What heartbeats say.
  void SetProgress(std::uint64_t clock, std::uint64_t triples) {
    progress_.clock = clock;
    progress_.triples = triples;
  }
  /// Takes no more leases; those that wait here go to others.
  void Leave(const std::string& reason, Time now);
  /// While leaving: nothing is trained here any more.
  void AtRest(Time now);
  /// What was trained is with the owners, too. The scheduler lets the node go when nobody needs it.
  void Drained(const wire::NodeCounters& counters, Time now);
  bool drained() const { return leaving_.drained; }
  /// Something has been added here since: not drained any more.
  void NotDrained() { leaving_.drained = false; }
  /// Whether the scheduler has taken all reports.
  bool reported() const { return reports_.empty(); }

  State state() const { return state_; }
  bool ended() const { return state_ == State::kEnded || state_ == State::kLost; }
  const std::string& reason() const { return reason_; }
  /// What the process is to end with; of kEnded.
  std::uint32_t exit_code() const { return exit_code_; }
  /// What all nodes do now; round 0 before the first.
  const wire::BeginRound& round() const { return round_; }
  /// This node has nothing more to do in a round without leases.
  void FinishedRound(std::uint32_t round, const wire::NodeCounters& counters = {});
  const wire::Roster& roster() const { return roster_; }

 private:
  void Handle(const wire::Registered& registered, Time now);
  void Handle(const wire::Roster& roster, Time now);
  void Handle(const wire::BeginRound& round, Time now);
  void Handle(const wire::Lease& lease, Time now);
  void Handle(const wire::NoLease& none, Time now);
  void Handle(const wire::LeaseTaken& taken, Time now);
  void Handle(const wire::Stop& stop, Time now);
  template <typename Other>
  void Handle(const Other&, Time) {}

  void Ask(Time now);
  void Greet();
  void Say(wire::Control what) { outgoing_.push_back(std::move(what)); }
  void End(State state, std::string reason);

  const Options options_;
  State state_ = State::kRegistering;
  std::string reason_;
  std::uint32_t exit_code_ = 0;
  std::vector<wire::Control> outgoing_;
  wire::BeginRound round_;
  wire::RoundDone finished_round_;  ///< newest of those without leases
  wire::Roster roster_;
  wire::Heartbeat progress_;
  wire::Leaving leaving_;
  std::deque<wire::Lease> leases_;
  std::uint64_t request_ = 0;    ///< newest of this round
  bool asking_ = false;          ///< it was not answered yet
  bool none_waits_ = false;      ///< the last answer was NoLease
  bool finished_since_ = false;  ///< a lease, since it was asked
  Time asked_{};
  /// Reports that were not taken yet, by (round, slice, attempt), with when they were said last.
  std::map<std::tuple<std::uint32_t, std::uint32_t, std::uint32_t>, std::pair<wire::LeaseDone, Time>>
      reports_;
  Time said_{};   ///< when something was said last
  Time heard_{};  ///< when the scheduler was heard last
};

}  // namespace attune::worker
