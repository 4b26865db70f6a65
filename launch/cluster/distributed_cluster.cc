#include "launch/cluster/distributed_cluster.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>

#include "common/error.h"
#include "common/eval/metrics.h"
#include "common/model/model_files.h"
#include "common/thread_board.h"
#include "launch/signals.h"

namespace attune::launch {
namespace {

/// How long rows of users may be on their way without any that come.
constexpr std::chrono::seconds kFetchWithin(600);
/// Between looks whether they still can.
constexpr std::chrono::milliseconds kLookEvery(100);

double SecondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

/// Workers would wait after each epoch for the last of them, and between hosts for a round trip. Not in
/// lockstep, nor where projections wait for the end of an epoch. A worker that is alone on the job's only
/// host has nobody to wait for, and slices keep their order.
bool DistributedCluster::EpochsOverlap() const {
  const bool folds = parts_.spec.model.HasContent() && parts_.spec.projection_refresh > 0;
  if (parts_.lockstep || folds) return false;
  const auto members = scheduler_.Members();
  std::set<std::string> hosts;
  for (const scheduler::NodeInfo& member : members) hosts.insert(member.host);
  return hosts.size() > 1 || std::ranges::count_if(members, &scheduler::NodeInfo::works) > 1;
}

EpochResult DistributedCluster::RunEpoch(std::uint32_t epoch, double factor, const Tick& tick,
                                         const scheduler::SlicesDone& done,
                                         const std::vector<double>& following) {
  const bool goes_on = std::exchange(goes_on_, false);
  const auto start = goes_on ? ended_ : std::chrono::steady_clock::now();
  gathered_ = at_rest_ = false;
  triples_of_done_ = 0;
  for (const auto& [slice, report] : done) triples_of_done_ += report.triples;
  epoch_ = epoch;
  const auto stop = [this] { return stopped(); };
  const auto trained = goes_on ? scheduler_.GoOn(epoch, tick, stop)
                               : scheduler_.Run(wire::Work::kTrain, epoch, factor, tick, stop, done,
                                                EpochsOverlap() ? following : std::vector<double>());
  goes_on_ = trained.goes_on;
  if (parts_.lockstep) Rest();
  epoch_ = 0;
  triples_before_ += trained.total.triples - std::exchange(triples_of_done_, 0);
  ended_ = std::chrono::steady_clock::now();
  const std::chrono::duration<double> took = ended_ - start;
  const EpochResult result{trained.total, took.count(),    trained.complete,
                           trained.done,  trained.goes_on, trained.next};
  ThrowIfDiverged(result.total, parts_.spec, parts_.content, epoch);
  ThrowIfDiverged(result.next, parts_.spec, parts_.content, epoch + 1);
  if (result.complete) CheckEveryPositiveOnce(result.total, parts_.spec, parts_.data.num_interactions());
  return result;
}

/// Also where training was cut short: first all workers stop, then what they have added goes up, then it
/// comes down.
double DistributedCluster::Rest() {
  if (std::exchange(at_rest_, true)) return 0;
  const auto start = std::chrono::steady_clock::now();
  const int rounds = parts_.spread ? 3 : 1;
  for (int n = 0; n < rounds; ++n) scheduler_.Run(wire::Work::kFlush, 0, 1, other_tick_, {});
  return SecondsSince(start);
}

/// Where hosts have not all items, each brings V and P of all of them together.
void DistributedCluster::Gather() {
  if (!parts_.gathers || gathered_) return;
  scheduler_.Run(wire::Work::kGather, 0, 1, other_tick_, {});
  gathered_ = true;
}

/// Brings the rows of users to this host that are elsewhere.
void DistributedCluster::FetchUsers() {
  const auto nodes = scheduler_.NodesOfSlices();
  std::vector<WantedUsers> wanted;
  for (std::size_t slice = 0; slice < nodes.size(); ++slice) {
    const data::Rows& rows = parts_.data.slices()[slice];
    const Index end = rows.first_user + rows.users();
    if (!nodes[slice]) {
      // Nobody has trained it: its rows are as at first.
      parts_.initialise_users(rows.first_user, end);
    } else if (!scheduler_.IsOnHostOf(*nodes[slice], kSchedulerNode)) {
      wanted.push_back({*nodes[slice], rows.first_user, end});
    }
  }
  const Doing waits("waits for users' rows of {} slices from other hosts", wanted.size());
  auto here = node_.Fetch(std::move(wanted));
  auto deadline = std::chrono::steady_clock::now() + kFetchWithin;
  std::uint64_t came = node_.fetched_rows();
  while (here.wait_for(kLookEvery) != std::future_status::ready) {
    scheduler_.RequireAlive();
    const auto now = std::chrono::steady_clock::now();
    const std::uint64_t before = std::exchange(came, node_.fetched_rows());
    if (came != before) deadline = now + kFetchWithin;
    if (now >= deadline) ThrowFailed("rows of users did not come within {} s", kFetchWithin.count());
  }
  here.get();
}

/// Every host's first process writes what it alone has: see Node::CopyAside.
void DistributedCluster::BeginSnapshot(const std::filesystem::path&, std::uint32_t number) {
  scheduler_.Run(wire::Work::kSnapshot, number, 1, other_tick_, {});
}

Cluster::SnapshotState DistributedCluster::Snapshot(std::uint32_t number) {
  SnapshotState state;
  state.failure = scheduler_.SnapshotProblem(number, state.ended);
  state.ended |= !state.failure.empty();
  state.writers = scheduler_.SnapshotWriters();
  return state;
}

Cluster::RecordFloats DistributedCluster::Records() const {
  const Tables tables = parts_.store.tables();
  return {tables.users.layout.floats, tables.items.layout.floats};
}

EpochResult DistributedCluster::RunTriples(std::span<const Triple>, const Tick&) {
  ThrowUsage("--triples cannot take effect with several processes: they are trained in order, by one thread");
}

worker::EvaluationResult DistributedCluster::Evaluate(const worker::EvaluationTask& task, data::Split split) {
  const auto start = std::chrono::steady_clock::now();
  Gather();
  const auto work = split == data::Split::kTest ? wire::Work::kEvaluateTest : wire::Work::kEvaluateValidation;
  const auto round = scheduler_.Run(work, 0, 1, other_tick_, [] { return StopRequested(); });
  worker::EvaluationResult result;
  result.complete = round.complete;
  if (!result.complete) return result;
  result.ranks.assign(task.targets.size(), eval::kUnranked);
  for (std::size_t slice = 0; slice < round.ranks.size(); ++slice) {
    const data::Rows& rows = parts_.data.slices()[slice];
    const auto [first, end] = task.Range(rows.first_user, rows.first_user + rows.users());
    const std::uint64_t at = task.users[first].first_target;
    if (round.ranks[slice].size() != task.users[end].first_target - at) {
      ThrowFailed("slice {}: {} ranks came from its worker, expected {}", slice, round.ranks[slice].size(),
                  task.users[end].first_target - at);
    }
    std::copy(round.ranks[slice].begin(), round.ranks[slice].end(),
              result.ranks.begin() + static_cast<std::ptrdiff_t>(at));
  }
  result.seconds = SecondsSince(start);
  return result;
}

void DistributedCluster::WriteModel(const std::filesystem::path& directory) {
  Gather();
  if (parts_.spec.model.HasU()) FetchUsers();
  const Doing writes("writes the model to {}", std::string_view(directory.native()));
  model::Theta theta;
  model::WriteModelArrays(directory, parts_.store.View(theta, parts_.content));
}

/// Nodes say what they have taken when a round ends in which rows come to rest; evaluation may have come
/// later.
std::uint64_t DistributedCluster::Workers() const {
  std::uint64_t workers = 0;
  for (const scheduler::NodeInfo& member : scheduler_.Members()) {
    if (member.works) workers += member.seats;
  }
  return workers;
}

std::uint64_t DistributedCluster::PeakMemory() {
  scheduler_.Run(wire::Work::kFlush, 0, 1, other_tick_, {});
  const wire::NodeCounters counters = scheduler_.Counters();
  return counters.private_memory + counters.shared_memory;
}

std::uint64_t DistributedCluster::triples_done() const {
  const std::uint64_t of_epoch = epoch_ > 0 ? scheduler_.triples_of(epoch_) : 0;
  return triples_before_ + std::max(of_epoch, triples_of_done_) - triples_of_done_;
}

}  // namespace attune::launch
