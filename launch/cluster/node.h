#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "common/net/transport.h"
#include "launch/cluster/host_part.h"
#include "launch/cluster/host_sync.h"
#include "launch/cluster/leaving.h"
#include "launch/cluster/life.h"
#include "launch/cluster/node_parts.h"
#include "launch/cluster/peers.h"
#include "launch/cluster/round_ranking.h"
#include "launch/cluster/row_exchange.h"
#include "launch/cluster/scheduler_service.h"
#include "launch/cluster/task_threads.h"
#include "launch/cluster/user_rows.h"
#include "launch/process_memory.h"
#include "ps/row_server.h"
#include "worker/lease_client.h"
#include "worker/worker_pool.h"

namespace attune::launch {

/// How a node ended.
struct NodeEnd {
  bool well = false;  ///< the scheduler ended the job, or let the node go
  std::string reason;
  std::uint32_t code = 0;         ///< exit code that the scheduler asks for
  bool declared_dead = false;     ///< the job goes on, and another process may take this one's place
  bool starts_again = false;      ///< it could not go on, and another process may be able to
  std::optional<Life> next_life;  ///< of the job, in which another process may take this one's place
};

/// A process of a cluster: takes leases from the scheduler and trains or ranks them on its threads. On the
/// scheduler's node it brings messages to the scheduler, too. Threads: Run on one thread, which only moves
/// messages: work is done by threads of its own.
class Node {
 public:
  /// @param self        what it says of itself
  /// @param transport   with all nodes that are known connected
  /// @param scheduler   on the scheduler's node, else nullptr
  /// @param sync        on a host's leader where there are several hosts, else nullptr
  Node(const wire::Register& self, const NodeParts& parts, unsigned threads, net::Transport& transport,
       SchedulerService* scheduler, HostSync* sync = nullptr);
  ~Node();

  /// Until the scheduler ends it. Throws what a worker thread has thrown.
  NodeEnd Run();

  std::uint64_t triples_done() const { return pool_.triples_done(); }

  /// Brings rows of the user table here. From another thread; ready when all are here.
  std::future<void> Fetch(std::vector<WantedUsers> wanted) { return user_rows_.FetchAll(std::move(wanted)); }
  /// Rows of users that have come so far. From any thread.
  std::uint64_t fetched_rows() const { return user_rows_.pulled_rows(); }

 private:
  using Time = std::chrono::steady_clock::time_point;

  void Receive();
  void ForgiveStandstill(Time now);
  void Handle(const net::Received& received, Time now);
  void MeetOtherLife(const net::Received& received, Time now);
  bool HandleRows(const net::Received& received, Time now);
  void AnswerRows(const net::Received& received);
  void FetchSlices(const wire::FetchSlices& wanted);
  void FollowRoster(Time now);
  void Forget(const wire::Peer& gone);
  void FetchRowsOfJob();
  bool Rest();
  NodeStanding Standing(Time now);
  bool TellWatchdog(Time now);
  std::chrono::milliseconds Beat() const;
  void SendAll();
  void SendToScheduler(const wire::Control& what);
  /// Starts what can be started, and reports what is done.
  void Proceed(Time now);
  void BeginRound();
  void BeginLeases();
  void BringRows(const wire::Lease& lease);
  void FoldOverdue();
  void TellOfSnapshot();
  void Flush();
  void Gather();
  void GatherItems();
  void CopyAside();
  void ReportRound();
  wire::NodeCounters Counters();
  void CountNowAndThen(Time now);
  void Run(const wire::Lease& lease);
  /// Nothing if it was stopped before its end.
  std::optional<wire::LeaseDone> Train(unsigned thread, const wire::Lease& lease);
  std::optional<wire::LeaseDone> Rank(const wire::Lease& lease);
  void PrepareSlice(const wire::Lease& lease);
  std::pair<Index, Index> UsersOf(std::uint32_t slice) const;
  bool Ended() const;

  const wire::Register self_;
  const NodeParts parts_;
  MemoryPeak peak_;
  net::Transport& transport_;
  SchedulerService* const scheduler_;
  HostSync* const sync_;
  const sync::ShardMap shards_;
  ps::RowServer users_;  ///< for nodes of other hosts that take over slices
  ps::RowServer items_;  ///< for those that have not the rows that this host owns
  Peers peers_;
  UserRows user_rows_;
  RowExchange item_rows_;
  worker::WorkerPool pool_;
  worker::LeaseClient client_;
  Leaving leaving_;
  Farewells farewells_;

  wire::BeginRound round_;                 ///< that the threads work on
  worker::EpochRates rates_;               ///< of the round's first epoch
  bool unfolded_ = false;                  ///< whether an epoch's overdue work was not done yet
  std::shared_ptr<RoundRanking> ranking_;  ///< of a round of evaluation
  std::atomic<bool> stop_{false};          ///< makes threads end what they train

  std::uint64_t refused_ = 0;           ///< messages that make no sense here
  unsigned fetching_ = 0;               ///< leases whose rows are on their way
  std::deque<wire::Lease> ready_;       ///< leases whose rows are here
  std::optional<std::uint64_t> flush_;  ///< round of the sync that a flush waits for
  Time told_{};                         ///< the watchdog, where this node is
  Time came_round_{};                   ///< the network thread, when it last had looked for messages
  Time counted_{};                      ///< for heartbeats
  bool fetched_rows_ = false;           ///< the first round of a host that has joined late was asked for

  HostPart part_;  ///< of checkpoints; copies on a worker thread while no other method is called

  std::mutex mutex_;                      // guards the next two
  std::vector<wire::LeaseDone> done_;     ///< by the threads, not reported yet
  std::optional<std::uint32_t> at_rest_;  ///< round without leases whose work here is done
  TaskThreads threads_;                   ///< last: its threads use the others
};

}  // namespace attune::launch
