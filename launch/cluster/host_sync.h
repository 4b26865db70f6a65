#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "common/net/transport.h"
#include "common/sync/shard_map.h"
#include "common/wire/control.h"
#include "common/wire/theta_messages.h"
#include "ps/model_store.h"
#include "ps/sync_owner.h"
#include "worker/staleness_gate.h"
#include "worker/sync_replica.h"

namespace attune::launch {

/// Keeps the rows of this host together with those of the others: it owns some of them, and brings what its
/// workers add to the rest to their owners. Runs in one process of the host, its leader. Threads: confined to
/// the network thread; workers see the gate alone.
class HostSync {
 public:
  using Time = std::chrono::steady_clock::time_point;

  struct Options {
    sync::Options sync;
    net::NodeId self = 0;
    std::int64_t staleness = 8;
    std::vector<net::NodeId> leaders;  ///< of all hosts
    std::vector<net::NodeId> owners;   ///< those of them that own rows; the first owns Θ, too
    std::vector<Index> replicated;     ///< items that all hosts have, hottest first
    std::size_t working_hosts = 1;     ///< that train
  };

  /// References must outlive it.
  HostSync(const Options& options, ps::ModelStore& store, worker::StalenessGate& gate,
           net::Transport& transport);

  /// A host that trains and owns no rows has joined the job, or is gone. Nothing happens to one that is
  /// known.
  void AddHost(net::NodeId leader);
  void RemoveHost(net::NodeId leader);
  /// One that has left, as agreed: what it says until it has heard so is no news.
  void DismissHost(net::NodeId leader);

  /// @returns whether the message was for it
  bool OnMessage(net::NodeId from, const wire::Message& message, Time now);
  /// Moves what can be moved. To be called after messages, when workers tell that they have advanced, and at
  /// NextLook() at the latest.
  void Proceed(Time now);
  /// When there may be something to do though no message has come and no worker of this process has told.
  Time NextLook() const;

  /// An epoch begins in which clocks count from `base`, after EndEpoch() or straight after the last.
  void BeginEpoch(std::uint64_t base);
  /// Between epochs no rounds begin but those asked for.
  void EndEpoch() { training_ = false; }
  /// Asks for a whole round that begins after now. @returns its number
  std::uint64_t RequestRound();
  /// Whether nothing is added on this host any more.
  void SetQuiet(bool quiet);
  /// Whether something is to be looked at again soon.
  bool busy() const { return training_ || in_round_ || requested_ > started_ || owner_->busy(); }
  /// Rounds that have ended everywhere.
  std::uint64_t rounds() const { return rounds_; }

  /// Adds what was sent, applied and refused. To be asked when no round is under way.
  void Count(wire::NodeCounters& counters) const;

 private:
  /// Θ: its gradients go to the owner and its numbers come back, one exchange a round.
  struct ThetaExchange {
    std::uint64_t sequence = 0;  ///< of the newest gradient
    bool under_way = false;
    std::optional<wire::Message> gradient;
    Time sent{};
  };

  bool owns_theta() const { return options_.owners.front() == options_.self; }
  bool owns_rows() const;
  void SetWorkingHosts(std::size_t hosts);
  bool IsLastWord(net::NodeId from, const wire::Message& message) const;
  std::uint64_t refused() const;
  void ReadClock(Time now);
  bool RoundDue(Time now) const;
  bool Rested(Time now, int sooner = 1) const;
  bool Paced(Time now, int sooner = 1) const;
  bool Joins(Time now) const;
  bool IdlenessIsNews(Time now) const;
  bool LetsOthersEnd(Time now) const;
  Time::duration Pause() const;
  std::uint64_t LeftByBound() const;
  std::uint64_t ClockToHearOf(Time now) const;
  void StartRound(Time now);
  bool RoundUnderWay() const;
  void EndRound(Time now);
  void UpdateVisible(Time now);
  void PumpTheta(Time now);
  void OnTheta(net::NodeId from, const wire::ThetaMessage& message);

  const Options options_;
  ps::ModelStore& store_;
  worker::StalenessGate& gate_;
  net::Transport& transport_;
  std::set<net::NodeId> leaders_;  ///< of all hosts that are there now
  std::set<net::NodeId> left_;
  std::size_t working_hosts_ = 0;
  std::unique_ptr<ps::SyncOwner> owner_;
  std::map<net::NodeId, std::unique_ptr<worker::SyncReplica>> replicas_;
  ThetaExchange theta_;
  std::map<net::NodeId, std::uint64_t> gradients_applied_;  ///< newest sequence of each host, on Θ's owner
  bool training_ = false;
  bool in_round_ = false;
  bool joins_ = false;           ///< a round that another host has begun
  std::uint64_t started_ = 0;    ///< rounds
  std::uint64_t rounds_ = 0;     ///< that have ended
  std::uint64_t requested_ = 0;  ///< rounds to run whatever the pace
  sync::EpochClocks clocks_;
  std::uint64_t clock_ = 0;        ///< of this host
  std::uint64_t last_clock_ = 0;   ///< the newest that was one
  Time epoch_start_{};             ///< when rows were the same everywhere
  Time looked_{};                  ///< at the workers' clocks, last
  bool works_ = false;             ///< whether somebody worked here then
  Time worked_{};                  ///< when somebody worked here last
  bool worked_in_epoch_ = false;   ///< if not, nobody here is between two leases
  std::uint64_t told_from_ = 0;    ///< clock of the first batch that workers tell of
  std::uint64_t round_clock_ = 0;  ///< of this host at the start of the last round
  Time round_start_{};
  Time round_end_{};
  Time::duration round_took_{};      ///< the last that has ended
  std::uint64_t round_batches_ = 0;  ///< that this host's slowest worker finished during the last round
  std::uint64_t refused_ = 0;
};

}  // namespace attune::launch
