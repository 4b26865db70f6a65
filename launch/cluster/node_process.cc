#include "launch/cluster/node_process.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <future>
#include <memory>
#include <mutex>
#include <utility>

#include "common/error.h"
#include "common/io/staged_directory.h"
#include "common/log.h"
#include "common/net/frame_memory.h"
#include "common/thread.h"
#include "launch/checkpoint/checkpoint_files.h"
#include "launch/checkpoint/loaded_checkpoint.h"
#include "launch/cluster/distributed_cluster.h"
#include "launch/cluster/host_tables.h"
#include "launch/cluster/item_memory.h"
#include "launch/cluster/join_desk.h"
#include "launch/cluster/joining.h"
#include "launch/cluster/listening_socket.h"
#include "launch/cluster/node.h"
#include "launch/cluster/node_transport.h"
#include "launch/cluster/node_watch.h"
#include "launch/cluster/stale_steps.h"
#include "launch/cluster/watchdog.h"
#include "launch/initial_model.h"
#include "launch/resume.h"
#include "launch/run_directory.h"
#include "launch/signals.h"
#include "launch/status/endpoint.h"
#include "launch/training_inputs.h"
#include "launch/training_memory.h"
#include "launch/training_settings.h"

namespace attune::launch {
namespace {

using namespace std::chrono_literals;

/// How long the scheduler waits at the end until all nodes have gone.
constexpr auto kLeaveWithin = 2s;
/// What it may take to find out whether somebody listens.
constexpr auto kReachWithin = 200ms;
/// What others may take to read what they begin from, as a multiple of what the scheduler's node has taken.
constexpr int kLoadingOfOthers = 3;

/// One node: everything that its threads share, in the order in which it is made.
class NodeProcess {
 public:
  NodeProcess(const config::TrainSettings& settings, const TrainingSpec& spec, const data::Dataset& dataset,
              const NodeDescription& description, Herald* herald, Watchdog& watchdog)
      : watchdog_(watchdog),
        settings_(settings),
        spec_(spec),
        description_(description),
        note_(ReadLifeNote(description.note_fd).value_or(LifeNote())),
        threads_(ThreadsOf(settings.run_settings())),
        inputs_(settings.run_settings(), dataset),
        by_heat_(data::ByPopularity(inputs_.data->item_counts())),
        replicated_(ReplicatedItems(settings.cluster(), spec, dataset.num_items())),
        placement_(description.plan.PlaceItems(by_heat_, replicated_)),
        visitors_(description.duties.works ? VisitorRows(spec, inputs_.data->slices(), placement_) : 0),
        memory_(ps::HostMemory::Open(description.memory_fd, Shape(dataset))),
        first_(description.leads() && !memory_.initialised()),
        store_(spec, dataset.num_users(), placement_, memory_, first_,
               std::size_t{visitors_} * threads_ * settings.cluster().batches_ahead()),
        initial_(OpenInitial(dataset)),
        resumed_(OpenResumed(settings.run_settings(), dataset)),
        gate_memory_(memory_.Gate()),
        first_seat_(description.first_seat.value_or(description.local_rank * threads_)),
        gate_(*reinterpret_cast<worker::GateMemory*>(gate_memory_.data()), first_seat_ + threads_,
              settings.cluster().staleness(), BatchesOfRoundFor(Workers(), description.plan.leaders.size()),
              [this] { WakeLeader(); }),
        audit_(MakeTripleAudit(settings.run_settings().audit(),
                               fmt::format("{}.{}", description.node, description.incarnation))),
        parts_{spec_,
               *inputs_.data,
               store_,
               ContentOf(spec, dataset),
               inputs_.validation ? &*inputs_.validation : nullptr,
               inputs_.test ? &*inputs_.test : nullptr,
               [this](Index first, Index end) { InitialiseUsers(first, end); },
               spread() ? &gate_ : nullptr,
               first_seat_,
               description.plan,
               settings.cluster().batches_ahead(),
               visitors_,
               spread(),
               spread() && settings.cluster().staleness() == 0,
               spread() && replicated_ < dataset.num_items(),
               description.memory_fd,
               [this](std::uint64_t workers, std::size_t hosts) { return BatchesOfRoundFor(workers, hosts); },
               audit_.get(),
               schedules() ? std::function<bool()>() : &StopRequested,
               schedules() ? std::function<bool()>() : [this] { return SchedulerIsGone(); },
               description.late(),
               description.late() ? [this] { return SchedulerListens(); } : std::function<bool()>(),
               [this](std::uint32_t number) { return SnapshotDirectory(number); },
               WritesCheckpoints(settings.run_settings()),
               {description.life, settings.run_settings().resume()},
               wire::NextLife{description.life, settings.run_settings().resume()},
               getppid(),
               &watchdog_} {
    if (resumed_) resumed_->RequireFits(store_);
    if (description.snapshot_fd >= 0) OpenSnapshot();
    if (first_) InitialiseShared();
    transport_ =
        herald != nullptr ? herald->TakeTransport() : MakeNodeTransport(description, settings.cluster());
    if (spread() && description.leads()) MakeSync();
  }

  int Run(const std::function<int(JobResult)>& report) {
    if (schedules()) return RunScheduler(report);
    IgnoreSignals();
    const SignalGuard signals;  // the node leaves when it is told to
    Node node(Self(), parts_, threads_, *transport_, nullptr, sync_.get());
    const NodeEnd end = Work(node);
    const int code = CodeOf(end);
    watchdog_.Ending(code);
    if (end.next_life) {
      LifeNote note;
      note.life = *end.next_life;
      WriteLifeNote(description_.note_fd, note);
    } else if (!end.well) {
      log::Error("{}: {}", description_.where, end.reason);
    }
    return code;
  }

 private:
  /// An owner that does not answer may have died, in a life that the job goes on after: another process in
  /// this one's place finds out.
  NodeEnd Work(Node& node) const {
    try {
      return node.Run();
    } catch (const worker::OwnerIsSilent& silence) {
      if (!settings_.run_settings().has_run()) throw;
      NodeEnd end;
      end.reason = silence.what();
      end.starts_again = true;
      return end;
    }
  }
  static int CodeOf(const NodeEnd& end) {
    if (end.well) return static_cast<int>(end.code);
    if (end.next_life) return kNextLife;
    return end.starts_again || end.declared_dead ? kStartAgain : static_cast<int>(ErrorKind::kFailed);
  }

  /// Threads of all processes that the job began with, at most: servers do not train.
  std::uint64_t Workers() const { return std::uint64_t{description_.processes} * threads_; }
  /// One host alone is kept together with none.
  std::uint64_t BatchesOfRoundFor(std::uint64_t workers, std::size_t hosts) const {
    if (description_.plan.one_host() && hosts <= 1) return worker::StalenessGate::kAnyNumber;
    return BatchesOfRound(spec_, inputs_.data->slices(), static_cast<Index>(by_heat_.size()),
                          std::max(workers, Workers()));
  }
  /// A worker of this process has something to tell: see StalenessGate.
  void WakeLeader() const {
    if (description_.leads() && transport_ != nullptr) transport_->Wake();
  }
  bool spread() const { return description_.plan.spread(); }

  void OpenSnapshot() {
    const std::uint64_t bytes = ps::ModelStore::SnapshotBytes(spec_, placement_.items());
    store_.SetSnapshot(ps::Mapping::Shared(description_.snapshot_fd, 0, bytes, "V and P of all items"));
  }

  void MakeSync() {
    HostSync::Options options;
    options.self = description_.node;
    options.staleness = settings_.cluster().staleness();
    options.sync.bound = options.staleness;
    options.sync.bf16 = settings_.cluster().sync_dtype() == config::SYNC_DTYPE_BF16;
    options.sync.damped = options.staleness != 0;  // in lockstep few steps are between two rounds
    options.working_hosts = description_.plan.working_hosts;
    options.leaders = description_.plan.leaders;
    options.owners = description_.plan.owners;
    options.replicated.assign(by_heat_.begin(), by_heat_.begin() + replicated_);
    sync_ = std::make_unique<HostSync>(options, store_, gate_, *transport_);
  }

  ps::HostShape Shape(const data::Dataset& dataset) const {
    ps::HostShape shape = ps::ModelStore::Shape(spec_, dataset.num_users(), placement_.rows());
    shape.gate = sizeof(worker::GateMemory);
    shape.job = description_.job;
    return shape;
  }

  std::unique_ptr<InitialModel> OpenInitial(const data::Dataset& dataset) const {
    const auto& run = settings_.run_settings();
    if (!run.has_init_from() || run.has_resume()) return nullptr;
    return std::make_unique<InitialModel>(run.init_from(), dataset, spec_);
  }

  void InitialiseUsers(Index first, Index end) {
    // A checkpoint has all users.
    if (const auto newest = NewestCheckpoint()) return newest->CopyUsers(first, end, store_.tables().users);
    store_.InitialiseUsers(first, end, 1);
    if (initial_) initial_->CopyUsers(first, end, store_.tables());
  }

  /// The one that the run goes on from, or that it has written since: the host that had rows last may be
  /// gone. From any thread; nullptr if there is none.
  std::shared_ptr<const LoadedCheckpoint> NewestCheckpoint() {
    const std::string& run = settings_.run_settings().run();
    const std::lock_guard lock(newest_mutex_);
    if (!newest_ && settings_.run_settings().has_resume()) newest_ = resumed_;
    const auto numbers = run.empty() ? std::vector<std::uint32_t>() : CheckpointNumbers(run);
    if (numbers.empty() || (newest_ && CheckpointPath(run, numbers.back()) == newest_->path()))
      return newest_;
    try {
      auto newer = std::make_shared<LoadedCheckpoint>(CheckpointPath(run, numbers.back()));
      newer->RequireFits(store_);
      newest_ = std::move(newer);
    } catch (const Error& error) {
      log::Warning("{}", error.what());  // another has taken its place meanwhile
    }
    return newest_;
  }

  bool schedules() const { return description_.node == kSchedulerNode; }

  std::string ProblemOfScheduler() const {
    return ProblemOfReaching(description_.addresses[kSchedulerNode].endpoint, kReachWithin);
  }
  bool SchedulerIsGone() const { return ProblemOfScheduler() == ErrnoText(ECONNREFUSED); }
  bool SchedulerListens() const { return ProblemOfScheduler().empty(); }

  std::filesystem::path SnapshotDirectory(std::uint32_t number) const {
    return io::StagedDirectory::StagingOf(CheckpointPath(settings_.run_settings().run(), number));
  }

  /// What all processes of the host share; they begin when this node has registered.
  void InitialiseShared() {
    store_.UseHugePages(threads_);
    store_.InitialiseItems(threads_);
    if (initial_) initial_->CopyShared(store_);
    if (resumed_) resumed_->CopyShared(store_);
    memory_.SetInitialised();
    if (!description_.late()) gate_.Open();
  }

  wire::Register Self() const {
    wire::Register self;
    self.node = description_.node;
    self.incarnation = description_.incarnation;
    self.host = description_.host;
    self.where = fmt::format("{}, pid {}", description_.where, getpid());
    self.endpoint = description_.addresses[description_.node].endpoint;
    self.public_key = description_.keys.public_key;
    self.fingerprint = description_.fingerprint;
    self.works = description_.duties.works;
    self.leads = description_.leads();
    self.owns = description_.plan.owns();
    self.first_seat = first_seat_;
    self.seats = threads_;
    return self;
  }

  /// The scheduler's node decides what comes of these.
  static void IgnoreSignals() {
    for (const int number : {SIGHUP, SIGUSR1}) signal(number, SIG_IGN);
  }

  scheduler::Coordinator::Options CoordinatorOptions() const {
    scheduler::Coordinator::Options options;
    options.membership.expected = description_.processes;
    options.membership.fingerprint = description_.fingerprint;
    // Others read as much from the checkpoint, and begin later.
    const auto loading = kLoadingOfOthers * (std::chrono::steady_clock::now() - began_);
    options.membership.register_within += loading;
    options.slices = static_cast<std::uint32_t>(inputs_.data->slices().size());
    options.seed = spec_.sampling.seed;
    options.begins_again = settings_.run_settings().has_run();
    options.changes = note_.changes;
    if (description_.life == 0) return options;
    options.membership.register_within += kOldTablesGoWithin;
    options.membership.begin_without_after = 2 * options.membership.dead_after + loading;
    options.membership.needed = {description_.plan.owners.begin(), description_.plan.owners.end()};
    return options;
  }

  /// For the process that takes this one's place.
  void NoteProgress(const SchedulerService& scheduler, std::uint64_t triples) {
    note_.triples = triples;
    note_.changes = scheduler.changes();
    WriteLifeNote(description_.note_fd, note_);
  }

  int RunScheduler(const std::function<int(JobResult)>& report) {
    SchedulerService scheduler(CoordinatorOptions(), std::chrono::steady_clock::now());
    StatusBoard board(settings_.run_settings().run());
    const auto server = ServeStatus(settings_.run_settings(), board, description_.life > 0);
    TakeRunDirectory(settings_.run_settings(), note_.began);
    nlohmann::ordered_json layout = {{"threads", threads_}, {"processes", description_.processes}};
    if (server) board.ReadHistory();
    TrainingJob job(settings_, spec_, inputs_, layout, board);
    job.SetLives({description_.life, note_.triples_lost},
                 [&](std::uint64_t triples) { NoteProgress(scheduler, triples); });
    note_.began = true;
    WriteLifeNote(description_.note_fd, note_);
    Node node(Self(), parts_, threads_, *transport_, &scheduler, sync_.get());
    const OnBoard here(watchdog_.board().get(), "job");
    auto network = std::async(std::launch::async, [&] { return RunNetwork(node, scheduler); });
    std::optional<JoinDesk> desk;
    try {
      if (description_.join_fd >= 0) {
        desk.emplace(description_.join_fd, SecretOf(settings_.cluster()), description_, scheduler);
      }
      scheduler.Gather([] {
        if (StopRequested())
          throw Error(ErrorKind::kInterrupted, "told to end before all processes had come");
      });
      if (initial_) log::Info("{}", initial_->Summary());
      DistributedCluster cluster(scheduler, parts_, node);
      JobResult result = job.Run(cluster);
      const std::string status = result.status;
      const int code = report(std::move(result));
      watchdog_.Ending(code);
      scheduler.Stop(status, static_cast<std::uint32_t>(code), kLeaveWithin);
      scheduler.Release();
      network.get();
      return code;
    } catch (const std::exception& failure) {
      // Whatever has failed, it may have failed because of that.
      if (const auto over = scheduler.LifeOver()) return EndLife(scheduler, *over);
      const auto* const error = dynamic_cast<const Error*>(&failure);
      const auto code = static_cast<std::uint32_t>(error == nullptr ? ErrorKind::kFailed : error->kind());
      RecordFailure(settings_.run_settings(), failure);  // first: what follows may hang
      watchdog_.Ending(static_cast<int>(code));
      scheduler.Stop(failure.what(), code, kLeaveWithin);
      scheduler.Release();
      throw;
    }
  }

  /// The job has lost rows, and can only go on from a checkpoint, in its next life.
  int EndLife(SchedulerService& scheduler, const std::string& why) {
    watchdog_.Ending(kNextLife);
    log::Warning("{}: the job begins again from its newest checkpoint", why);
    note_.given_up = true;
    note_.changes = scheduler.changes();
    WriteLifeNote(description_.note_fd, note_);
    scheduler.Release();
    return kNextLife;
  }

  /// If it fails, the job is told, which waits for it.
  static void RunNetwork(Node& node, SchedulerService& scheduler) {
    try {
      node.Run();
    } catch (const worker::OwnerIsSilent& silence) {
      scheduler.LoseRows(silence.what());
      scheduler.Close(silence.what());
    } catch (const std::exception& failure) {
      scheduler.Close(failure.what());
      throw;
    }
  }

  const std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  Watchdog& watchdog_;
  const config::TrainSettings& settings_;
  const TrainingSpec& spec_;
  const NodeDescription& description_;
  LifeNote note_;  ///< of the scheduler's node
  const unsigned threads_;
  const TrainingInputs inputs_;
  const std::vector<Index> by_heat_;  ///< items, the most frequent first
  const Index replicated_;            ///< how many of them every host has
  const sync::Placement placement_;
  const Index visitors_;  ///< rows for each batch of a worker, for items of other hosts
  ps::HostMemory memory_;
  const bool first_;  ///< whether this process gives the host's memory its first values
  ps::ModelStore store_;
  const std::unique_ptr<InitialModel> initial_;
  const std::shared_ptr<const LoadedCheckpoint> resumed_;
  std::mutex newest_mutex_;                         // guards the next
  std::shared_ptr<const LoadedCheckpoint> newest_;  ///< of the run
  const ps::Mapping gate_memory_;
  const std::uint32_t first_seat_;  ///< at the gate
  worker::StalenessGate gate_;
  const std::unique_ptr<TripleAudit> audit_;
  const NodeParts parts_;
  std::unique_ptr<net::Transport> transport_;
  std::unique_ptr<HostSync> sync_;
};

}  // namespace

int RunNodeProcess(const config::TrainSettings& settings, const TrainingSpec& spec,
                   const data::Dataset& dataset, const NodeDescription& description, Herald* herald,
                   const std::function<int(JobResult)>& report) {
  if (description.plan.spread()) net::KeepFrameMemory();
  // First: it looks after threads of all the others until the last has ended.
  Watchdog watchdog(
      {.where = description.where, .limit = std::chrono::seconds(settings.run_settings().stuck_after())});
  return NodeProcess(settings, spec, dataset, description, herald, watchdog).Run(report);
}

}  // namespace attune::launch
