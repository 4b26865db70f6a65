#pragma once

#include <cstdint>
#include <future>
#include <optional>
#include <string>
#include <vector>

#include "common/net/transport.h"
#include "launch/cluster/host_sync.h"
#include "launch/cluster/leaving.h"
#include "launch/cluster/life.h"
#include "launch/cluster/node_parts.h"
#include "launch/cluster/peers.h"
#include "launch/cluster/round_work.h"
#include "launch/cluster/row_exchange.h"
#include "launch/cluster/scheduler_service.h"
#include "launch/cluster/user_rows.h"
#include "launch/process_memory.h"
#include "ps/row_server.h"
#include "worker/lease_client.h"

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

/// A process of a cluster, as others meet it: registers with the scheduler, hears who else is there, answers
/// for rows that are here, and leaves. On the scheduler's node it brings messages to the scheduler, too. What
/// it does between messages is its RoundWork's. Threads: Run on one thread, which only moves messages.
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

  std::uint64_t triples_done() const { return work_.triples_done(); }

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
  NodeStanding Standing(Time now);
  bool TellWatchdog(Time now);
  std::chrono::milliseconds Beat() const;
  void SendAll();
  void SendToScheduler(const wire::Control& what);
  void Proceed(Time now);
  void ReportWork();
  wire::NodeCounters Counters();
  void CountNowAndThen(Time now);
  bool Ended() const;

  const wire::Register self_;
  const NodeParts parts_;
  MemoryPeak peak_;
  net::Transport& transport_;
  SchedulerService* const scheduler_;
  HostSync* const sync_;
  ps::RowServer users_;  ///< for nodes of other hosts that take over slices
  ps::RowServer items_;  ///< for those that have not the rows that this host owns
  Peers peers_;
  UserRows user_rows_;
  RowExchange item_rows_;
  worker::LeaseClient client_;
  Leaving leaving_;
  Farewells farewells_;

  std::uint64_t refused_ = 0;  ///< messages that make no sense here
  Time told_{};                ///< the watchdog, where this node is
  Time came_round_{};          ///< the network thread, when it last had looked for messages
  Time counted_{};             ///< for heartbeats
  bool fetched_rows_ = false;  ///< the first round of a host that has joined late was asked for

  RoundWork work_;  ///< last: its threads use the others
};

}  // namespace attune::launch
