#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "common/sync/shard_map.h"
#include "launch/cluster/host_part.h"
#include "launch/cluster/host_sync.h"
#include "launch/cluster/node_parts.h"
#include "launch/cluster/round_ranking.h"
#include "launch/cluster/row_exchange.h"
#include "launch/cluster/task_threads.h"
#include "launch/cluster/user_rows.h"
#include "worker/lease_client.h"
#include "worker/worker_pool.h"

namespace attune::launch {

/// A node's work in the rounds of a job: trains or ranks leases, ends epochs, gathers items, copies rows
/// aside for checkpoints. It owns the worker threads, what they work with, and the round that they work on,
/// which may be one behind what the scheduler has said; rounds and leases it takes from the LeaseClient.
/// Messages are the Node's: it asks what is done here, and reports it. Threads: methods confined to the
/// network thread; they do not wait.
class RoundWork {
 public:
  /// How a node's work reaches other processes.
  struct Ways {
    worker::LeaseClient& client;
    UserRows& user_rows;
    RowExchange& item_rows;
    HostSync* sync = nullptr;    ///< nullptr where there is none
    std::function<void()> wake;  ///< ends a wait of the network thread; from any thread
  };

  /// References must outlive it.
  /// @param self  what the node says of itself
  RoundWork(const wire::Register& self, const NodeParts& parts, unsigned threads, const Ways& ways);
  /// Waits for the threads, which end what they train.
  ~RoundWork();
  RoundWork(const RoundWork&) = delete;
  RoundWork& operator=(const RoundWork&) = delete;

  /// Begins the newest round when nothing is done for the one before any more, and leases of it.
  void Proceed();
  /// Makes threads end what they train.
  void Stop() { stop_.store(true); }
  /// Begins no more leases in this round. @returns whether nothing is trained here any more, nor about to be
  /// reported
  bool Rest();
  /// Starts what is overdue of the last epoch on a thread; all must be at rest.
  void StartFold();

  /// Throws what a thread has thrown.
  void RethrowFailure() { threads_.RethrowFailure(); }
  /// A lease that was done here, and when.
  struct Done {
    wire::LeaseDone report;
    std::chrono::steady_clock::time_point at;
  };
  /// Leases that were done since this was asked last.
  std::vector<Done> TakeDone();
  /// When this process's part of a checkpoint is on disk, or could not be; told once.
  std::optional<SnapshotWriter::Result> TakeSnapshot();
  /// The round without leases whose work here is done, and with other hosts where it is to be; told once.
  std::optional<std::uint32_t> TakeFinishedRound();

  unsigned busy() const { return threads_.busy(); }  ///< threads that do something
  std::size_t waiting() const;                       ///< leases for which no thread was idle
  unsigned fetching() const { return fetching_; }    ///< leases whose rows are on their way
  bool owes_round() const;                           ///< TakeFinishedRound() is to come
  std::uint64_t triples_done() const { return pool_.triples_done(); }  ///< from any thread

 private:
  void BeginRound();
  void Flush();
  void Gather();
  void GatherItems();
  void CopyAside();
  void AtRest(std::uint32_t round);
  void FoldOverdue();
  void BeginLeases();
  void BringRows(const wire::Lease& lease);
  void ForgetLeases();
  void AddReady(const wire::Lease& lease);
  /// One lease after the other while there are any.
  void RunLeases(unsigned thread, bool train);
  std::optional<wire::Lease> NextLease();
  /// Nothing if it was stopped before its end.
  std::optional<wire::LeaseDone> Train(unsigned thread, const wire::Lease& lease);
  std::optional<wire::LeaseDone> Rank(const wire::Lease& lease);
  void PrepareSlice(const wire::Lease& lease);

  const net::NodeId node_;
  const bool leads_;
  const NodeParts& parts_;
  const Ways ways_;
  const sync::ShardMap shards_;
  worker::WorkerPool pool_;

  wire::BeginRound round_;                 ///< that the threads work on
  worker::EpochRates rates_;               ///< of the round's first epoch
  bool unfolded_ = false;                  ///< whether an epoch's overdue work was not done yet
  std::shared_ptr<RoundRanking> ranking_;  ///< of a round of evaluation
  std::atomic<bool> stop_{false};          ///< makes threads end what they train

  unsigned fetching_ = 0;               ///< leases whose rows are on their way
  std::optional<std::uint64_t> flush_;  ///< round of the sync that a flush waits for

  HostPart part_;  ///< of checkpoints; copies on a worker thread while no other method is called

  mutable std::mutex mutex_;              // guards the next four
  std::deque<wire::Lease> ready_;         ///< leases whose rows are here
  bool rests_ = false;                    ///< leases that wait are for others
  std::vector<Done> done_;                ///< by the threads, not reported yet
  std::optional<std::uint32_t> at_rest_;  ///< round without leases whose work here is done
  TaskThreads threads_;                   ///< last: its threads use the others
};

}  // namespace attune::launch
