#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <utility>

#include "common/data/training_data.h"
#include "common/net/transport.h"
#include "common/training_spec.h"
#include "common/wire/control.h"
#include "launch/cluster/host_plan.h"
#include "launch/cluster/life.h"
#include "launch/cluster/watchdog.h"
#include "launch/triple_audit.h"
#include "ps/model_store.h"
#include "worker/evaluator.h"
#include "worker/staleness_gate.h"

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
  bool must_be_let_go = false;  ///< whether what the node has done counts only if the scheduler says so
  /// Of a node that has joined late: whether somebody listens there who must have forgotten it.
  std::function<bool()> is_forgotten = {};
  /// Where the checkpoint of that number is written.
  std::function<std::filesystem::path(std::uint32_t number)> snapshot_directory = {};
  bool snapshots = false;  ///< whether there will be some, but for those that are asked for
  Life life = {};          ///< of the job
  /// What the scheduler's node answers nodes of earlier lives.
  wire::Control answer_to_earlier_lives = {};
  pid_t watcher = 0;  ///< process that watches this one, whose memory counts as the node's; 0 for none
  Watchdog* watchdog = nullptr;  ///< that looks whether this node gets on

  /// The users of a slice: the first, and the one after the last.
  std::pair<Index, Index> UsersOf(std::uint32_t slice) const {
    const data::Rows& rows = data.slices()[slice];
    return {rows.first_user, rows.first_user + rows.users()};
  }
  std::shared_ptr<ThreadBoard> board() const { return watchdog == nullptr ? nullptr : watchdog->board(); }
};

}  // namespace attune::launch
