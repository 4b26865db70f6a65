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
/// back. It holds one lease for each thread, one more, and as many as it ends while an answer is on its way.
/// A state machine like the scheduler's Coordinator: whatever is not answered is said again. Threads:
/// confined.
class LeaseClient {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Duration = std::chrono::steady_clock::duration;

  struct Options {
    wire::Register self;
    std::uint32_t threads = 1;  ///< that train a lease each
    std::uint32_t life = 0;     ///< of the job: only a later one ends this node
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
  /// This process stood still for so long: the scheduler is not to blame for that silence.
  void Forgive(Duration silence) { heard_ += silence; }
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
  void SetCounters(const wire::NodeCounters& counters) { progress_.counters = counters; }
  /// The part of a checkpoint that this process writes is on disk, or why it is not.
  void SnapshotWritten(std::uint32_t number, const std::string& failure) {
    progress_.snapshot = number;
    progress_.snapshot_failure = failure;
    Greet();
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
  /// Leases of this round that were not finished, and those that were.
  std::size_t held() const { return held_; }
  std::uint64_t finished() const { return finished_; }
  /// Whether the scheduler has taken all reports.
  bool reported() const { return reports_.empty(); }

  /// How long the scheduler was not heard.
  Duration silence(Time now) const { return now - heard_; }
  /// The job is over, and this node was not told.
  void EndUntold() { End(State::kEnded, "the job is over"); }

  State state() const { return state_; }
  bool ended() const { return state_ == State::kEnded || state_ == State::kLost; }
  const std::string& reason() const { return reason_; }
  /// Whether it was lost by a job that had taken it in, as it was silent for too long.
  bool declared_dead() const { return declared_dead_; }
  /// Whether it was lost because the job is in another life, and which.
  const std::optional<wire::NextLife>& next_life() const { return next_life_; }
  /// The scheduler has ended, and what this node has done does not count.
  void EndDeserted() { End(State::kLost, "nobody listens any more where the scheduler was"); }
  /// The scheduler is there, but knows nothing of this node: the job must be in another life.
  void EndForgotten() {
    next_life_.emplace();
    End(State::kLost, "the scheduler does not know this node any more");
  }
  /// What the process is to end with; of kEnded.
  std::uint32_t exit_code() const { return exit_code_; }
  /// What all nodes do now; round 0 before the first.
  const wire::BeginRound& round() const { return round_; }
  /// This node has nothing more to do in a round without leases.
  void FinishedRound(std::uint32_t round, const wire::NodeCounters& counters = {});
  const wire::Roster& roster() const { return roster_; }

 private:
  /// A WantLease that was not answered yet.
  struct Question {
    Time said;
    std::uint64_t finished;  ///< leases of this round when it was asked
    bool timed;              ///< whether its answer shows how long answers take
  };

  /// That forgets: later values weigh more.
  class Mean {
   public:
    void Add(Duration value) {
      const double seconds = std::chrono::duration<double>(value).count();
      seconds_ = known_ ? seconds_ + (seconds - seconds_) / 4 : seconds;
      known_ = true;
    }
    bool known() const { return known_; }
    double seconds() const { return seconds_; }

   private:
    double seconds_ = 0;
    bool known_ = false;
  };

  void Handle(const wire::Registered& registered, Time now);
  void Handle(const wire::Roster& roster, Time now);
  void Handle(const wire::BeginRound& round, Time now);
  void Handle(const wire::Lease& lease, Time now);
  void Handle(const wire::NoLease& none, Time now);
  void Handle(const wire::LeaseTaken& taken, Time now);
  void Handle(const wire::Stop& stop, Time now);
  void Handle(const wire::NextLife& next, Time now);
  template <typename Other>
  void Handle(const Other&, Time) {}

  void Ask(Time now, bool timed = true);
  bool MayAsk() const;
  bool Answered(std::uint32_t round, std::uint64_t request, Time now);
  std::uint32_t Ahead() const;
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
  std::size_t held_ = 0;                         ///< leases of this round that were not finished
  std::uint64_t finished_ = 0;                   ///< leases of this round
  std::map<std::uint64_t, Question> questions_;  ///< by number
  std::uint64_t request_ = 0;                    ///< newest of this round
  bool none_waits_ = false;                      ///< the last answer was NoLease
  Time asked_{};
  Mean answer_;           ///< seconds from a question to its answer
  Mean interval_;         ///< seconds from the end of a lease to that of the next
  Time last_finished_{};  ///< of this round
  /// Reports that were not taken yet, by (round, slice, attempt), with when they were said last.
  std::map<std::tuple<std::uint32_t, std::uint32_t, std::uint32_t>, std::pair<wire::LeaseDone, Time>>
      reports_;
  bool declared_dead_ = false;
  std::optional<wire::NextLife> next_life_;
  Time said_{};     ///< when something was said last
  Time greeted_{};  ///< when a heartbeat was
  Time heard_{};    ///< when the scheduler was heard last
};

}  // namespace attune::worker
