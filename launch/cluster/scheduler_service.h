#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "scheduler/coordinator.h"

namespace attune::launch {

/// The scheduler between two threads: the job, which wants rounds done, and the network, which brings what
/// nodes say. Threads: locked.
class SchedulerService {
 public:
  using Time = scheduler::Coordinator::Time;

  /// What came of a round.
  struct Round {
    scheduler::LeaseReport total;
    std::vector<std::vector<std::uint32_t>> ranks;  ///< by slice
    scheduler::SlicesDone done;                     ///< of training
    bool complete = false;
    scheduler::LeaseReport next;  ///< what was trained of the next epoch, if this one was not completed
    bool goes_on = false;         ///< the next epoch has begun: GoOn()
  };

  SchedulerService(const scheduler::Coordinator::Options& options, Time now) : coordinator_(options, now) {}

  /// @param wake  ends a wait of the network thread, which then sends what there is
  void SetWake(std::function<void()> wake);

  // Of the network thread.
  void OnMessage(std::uint32_t from, std::uint32_t incarnation, const wire::Control& message, Time now);
  void Tick(Time now);
  std::vector<scheduler::Coordinator::Outgoing> TakeOutgoing();
  /// Whether the job needs the network no more.
  bool released() const;
  /// See Coordinator.
  void LoseRows(const std::string& what);
  /// The network has ended: whoever waits is told why.
  void Close(const std::string& why);

  // Of the job's thread.
  /// Waits until all expected nodes are there. Throws Error(kFailed) if they do not come in time.
  void Gather(const std::function<void()>& tick);
  /// Has a round done. @param tick  called now and then, and at least once
  /// @param stop  asked whenever it was: ends the round early
  /// Throws Error(kFailed) when the cluster has failed.
  /// @param done  slices of the epoch that were trained before
  /// @param following  of training: factors of the rates of epochs that follow without anything between.
  /// Workers may begin them before this one has ended; if it is completed, what comes next is GoOn()
  Round Run(wire::Work work, std::uint32_t epoch, double rate_factor, const std::function<void()>& tick,
            const std::function<bool()>& stop, const scheduler::SlicesDone& done = {},
            const std::vector<double>& following = {});
  /// Has the next epoch of the round done.
  Round GoOn(std::uint32_t epoch, const std::function<void()>& tick, const std::function<bool()>& stop);
  /// See Coordinator.
  void Pause();
  std::string SnapshotProblem(std::uint32_t number, bool& ended) const;
  std::vector<std::uint32_t> SnapshotWriters() const;
  /// Throws Error(kFailed) when the cluster has failed.
  void RequireAlive() const;
  /// Why the job can only go on in its next life, if so: whatever fails then fails because of that.
  std::optional<std::string> LifeOver() const;
  /// Ends the job: tells all nodes, and waits until they are gone, at most for `within`.
  void Stop(const std::string& reason, std::uint32_t code, std::chrono::milliseconds within);
  void Release();

  // From any thread.
  /// See Coordinator; nothing before the job has begun.
  std::optional<scheduler::Coordinator::Announced> Announce(const scheduler::NodeInfo& info);
  bool EverybodyKnows(std::uint32_t node) const;
  bool IsThere(std::uint32_t node) const;
  /// Who takes part, or will.
  std::vector<scheduler::NodeInfo> Members() const;
  /// Of an epoch of training that is under way, or of one that has ended in the same round.
  std::uint64_t triples_of(std::uint32_t epoch) const;
  scheduler::Changes changes() const;
  wire::NodeCounters Counters() const;
  /// See Coordinator; nothing if another thread keeps this one from looking for long.
  std::optional<scheduler::RoundStanding> Standing(Time now) const;
  scheduler::Survey LookAround(Time now) const;
  /// Who joined, left or died since this was last asked for, for people; the newest if nobody asks for long.
  std::vector<std::string> TakeNews();
  std::vector<std::optional<std::uint32_t>> NodesOfSlices() const;
  bool IsOnHostOf(std::uint32_t node, std::uint32_t other) const;
  /// Who wanted to join and was refused so far: counted with what nodes have refused.
  void SetRefusedAtDoor(std::uint64_t refused);

 private:
  using Phase = scheduler::Coordinator::Phase;

  /// Waits until `under_way` is false, calling `tick` at least once; false if `stop` ended the wait.
  /// @param look  called now and then under the lock
  bool WaitWhile(std::unique_lock<std::mutex>& lock, const std::function<bool()>& under_way,
                 const std::function<void()>& tick, const std::function<bool()>& stop,
                 const std::function<void()>& look = {});
  Round Await(std::unique_lock<std::mutex>& lock, wire::Work work, std::uint32_t epoch,
              const std::function<void()>& tick, const std::function<bool()>& stop);
  void ThrowIfFailed() const;
  void TellEvents();
  /// How far the coordinator is.
  using Stage = std::pair<Phase, std::uint32_t>;
  Stage StageNow() const { return {coordinator_.phase(), coordinator_.epoch()}; }
  void TellIfChanged(const Stage& before);

  mutable std::mutex mutex_;  // guards the rest
  std::condition_variable changed_;
  scheduler::Coordinator coordinator_;
  std::optional<Time> ticked_;  ///< when it last looked at the time
  std::function<void()> wake_;
  std::string closed_;  ///< why the network ended
  bool released_ = false;
  std::uint64_t refused_at_door_ = 0;
  std::deque<std::string> news_;
};

}  // namespace attune::launch
