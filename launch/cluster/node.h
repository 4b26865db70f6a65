#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "common/data/training_data.h"
#include "common/net/transport.h"
#include "common/training_spec.h"
#include "launch/checkpoint/snapshot_writer.h"
#include "launch/cluster/host_plan.h"
#include "launch/cluster/host_sync.h"
#include "launch/cluster/peers.h"
#include "launch/cluster/row_exchange.h"
#include "launch/cluster/scheduler_service.h"
#include "launch/cluster/task_threads.h"
#include "launch/cluster/user_rows.h"
#include "launch/process_memory.h"
#include "launch/triple_audit.h"
#include "ps/model_store.h"
#include "ps/row_server.h"
#include "worker/evaluator.h"
#include "worker/lease_client.h"
#include "worker/worker_pool.h"

namespace attune::launch {

/// Number of the node that is the scheduler.
inline constexpr net::NodeId kSchedulerNode = 0;

/// What a node works with. References live as long as the node.
struct NodeParts {
  const TrainingSpec& spec;
  const data::TrainingData& data;
  ps::ModelStore& store;
  data::ContentView content;
  const worker::EvaluationTask* validation = nullptr;  ///< if it is ever evaluated
  const worker::EvaluationTask* test = nullptr;
  /// Gives users `first` … `end` - 1 their first values.
  std::function<void(Index first, Index end)> initialise_users;
  worker::StalenessGate* gate = nullptr;  ///< where there are several hosts
  std::size_t first_seat = 0;             ///< of this node's threads at the gate
  HostPlan plan = {{0}, {0}, 0};
  unsigned ahead = 1;     ///< batches of a worker under way at once, where some rows are elsewhere
  Index visitors = 0;     ///< rows of each of them for items of other hosts; 0 if all are here
  bool spread = false;    ///< whether there are several hosts, or may be later
  bool lockstep = false;  ///< whether hosts begin epochs with the same rows
  bool gathers = false;   ///< whether some host has not all items
  int memory_fd = -1;     ///< of the host's tables
  /// How many batches a worker begins on the rows of one round, for so many workers on so many hosts.
  std::function<std::uint64_t(std::uint64_t workers, std::size_t hosts)> batches_of_round = {};
  TripleAudit* audit = nullptr;  ///< if what is trained is recorded
  /// Whether this process was asked to leave the job. Never on the scheduler's node.
  std::function<bool()> wants_to_leave = {};
  /// Whether nobody listens any more where the scheduler was: asked when it was silent for long.
  std::function<bool()> scheduler_is_gone = {};
  /// Where the checkpoint of that number is written.
  std::function<std::filesystem::path(std::uint32_t number)> snapshot_directory = {};
  pid_t watcher = 0;  ///< process that watches this one, whose memory counts as the node's; 0 for none
};

/// How a node ended.
struct NodeEnd {
  bool well = false;  ///< the scheduler ended the job, or let the node go
  std::string reason;
  std::uint32_t code = 0;      ///< exit code that the scheduler asks for
  bool declared_dead = false;  ///< the job goes on, and another process may take this one's place
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

 private:
  using Time = std::chrono::steady_clock::time_point;
  class Ranking;

  void Receive(Time now);
  void Handle(const net::Received& received, Time now);
  bool HandleRows(const net::Received& received, Time now);
  void AnswerRows(const net::Received& received);
  void FetchSlices(const wire::FetchSlices& wanted);
  void FollowRoster(Time now);
  void Forget(const wire::Peer& gone);
  void FetchRowsOfJob();
  void LeaveIfAsked(Time now);
  void EndIfDeserted(Time now);
  void SayFarewells(Time now);
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
  PartPlan PlanPart() const;
  void ReportRound();
  wire::NodeCounters Counters();
  void Run(const wire::Lease& lease);
  /// Nothing if it was stopped before its end.
  std::optional<wire::LeaseDone> Train(unsigned thread, const wire::Lease& lease);
  wire::LeaseDone Rank(const wire::Lease& lease);
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

  wire::BeginRound round_;            ///< that the threads work on
  worker::EpochRates rates_;          ///< of the round's first epoch
  bool unfolded_ = false;             ///< whether an epoch's overdue work was not done yet
  std::shared_ptr<Ranking> ranking_;  ///< of a round of evaluation
  std::atomic<bool> stop_{false};     ///< makes threads end what they train

  std::uint64_t refused_ = 0;         ///< messages that make no sense here
  unsigned fetching_ = 0;             ///< leases whose rows are on their way
  std::deque<wire::Lease> ready_;     ///< leases whose rows are here
  Time looked_{};                     ///< for the scheduler's node
  std::map<net::NodeId, Time> left_;  ///< nodes that left, until they are disconnected
  enum class Drain { kNo, kFolding, kFlushing, kSettling } drain_ = Drain::kNo;  ///< on the way out
  std::optional<std::uint64_t> flush_;  ///< round of the sync that a flush waits for
  bool fetched_rows_ = false;           ///< the first round of a host that has joined late was asked for
  std::uint64_t farewell_round_ = 0;    ///< round of the sync after which this node may go

  SnapshotWriter snapshot_;          ///< Start() on a worker thread while no other method is called
  std::uint32_t snapshot_told_ = 0;  ///< number of the newest checkpoint that the scheduler was told of

  std::mutex mutex_;                      // guards the next two
  std::vector<wire::LeaseDone> done_;     ///< by the threads, not reported yet
  std::optional<std::uint32_t> at_rest_;  ///< round without leases whose work here is done
  TaskThreads threads_;                   ///< last: its threads use the others
};

}  // namespace attune::launch
