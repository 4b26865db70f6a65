#include "launch/train_command.h"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "common/config/schema.h"
#include "common/config/settings_json.h"
#include "common/error.h"
#include "common/io/directory_lock.h"
#include "common/log.h"
#include "common/run/format.h"
#include "common/run/memory_plan.h"
#include "launch/baselines/algorithm_settings.h"
#include "launch/baselines/baseline_command.h"
#include "launch/cluster/agent.h"
#include "launch/cluster/herald.h"
#include "launch/cluster/host_tables.h"
#include "launch/cluster/item_memory.h"
#include "launch/cluster/joining.h"
#include "launch/cluster/late_agent.h"
#include "launch/cluster/next_life.h"
#include "launch/cluster/node.h"
#include "launch/cluster/node_process.h"
#include "launch/cluster/node_transport.h"
#include "launch/cluster/stale_steps.h"
#include "launch/cluster/watchdog.h"
#include "launch/cluster_report.h"
#include "launch/dry_run.h"
#include "launch/embedded_cluster.h"
#include "launch/initial_model.h"
#include "launch/metrics_json.h"
#include "launch/model_change.h"
#include "launch/program_identity.h"
#include "launch/resume.h"
#include "launch/run_directory.h"
#include "launch/signals.h"
#include "launch/standard_streams.h"
#include "launch/status/endpoint.h"
#include "launch/training_inputs.h"
#include "launch/training_job.h"
#include "launch/training_memory.h"
#include "launch/training_settings.h"

namespace attune::launch {
namespace {

using nlohmann::ordered_json;

/// How long a run that goes on waits for processes of its earlier life to be gone.
constexpr std::chrono::seconds kEndOfEarlierLife(30);

std::string Summary(const ordered_json& s) {
  std::string text = fmt::format(
      "{}: {} after {} epochs (model of epoch {}), loss {:.4f}\n{} triples/s, {} training, {} evaluation, "
      "peak memory {}\n",
      s["model"].get<std::string>(), s["status"].get<std::string>(), s["epochs"].get<int>(),
      s["model_of_epoch"].get<int>(), s["loss"].get<double>(),
      FormatCount(s["triples_per_second"].get<double>()), FormatDuration(s["train_seconds"].get<double>()),
      FormatDuration(s["evaluation_seconds"].get<double>()),
      FormatBytes(s["peak_memory_bytes"].get<std::uint64_t>()));
  text += ValidationText(s);
  text += ClusterText(s);
  if (s.contains("init_from")) text += ModelChangeText(s["init_from"]);
  if (s["untrainable_positives"].get<std::uint64_t>() > 0) {
    text += fmt::format("{} positives belong to users who have every item: no negative exists, not trained\n",
                        s["untrainable_positives"].get<std::uint64_t>());
  }
  return text;
}

/// Refuses an output that would swallow what the run reads or writes elsewhere.
void RequireApart(const std::string& out, const std::string& other, const char* flag) {
  if (other.empty()) return;
  const auto parent = std::filesystem::absolute(out).lexically_normal() / "";
  const auto child = std::filesystem::absolute(other).lexically_normal() / "";
  const auto [end, at] = std::mismatch(parent.begin(), --parent.end(), child.begin(), child.end());
  if (end == --parent.end())
    ThrowUsage("--out {} is the same as, or above, --{} {}: choose another", out, flag, other);
}

/// What the processes of a job must have in common.
std::string FingerprintOf(const config::TrainSettings& settings, const data::Dataset& dataset) {
  config::TrainSettings common = settings;
  common.mutable_run_settings()->clear_resume();  // another in each life of a job
  common.mutable_run_settings()->clear_overwrite();
  return fmt::format("{}, data {}, settings {}", ProgramIdentity(), dataset.Fingerprint(),
                     config::SettingsToJson(common).dump());
}

/// @param report  what is made of the result: the exit code
int TrainHere(const config::TrainSettings& settings, const TrainingSpec& spec, const data::Dataset& dataset,
              Watchdog& watchdog, const std::function<int(JobResult)>& report) {
  const auto& run = settings.run_settings();
  const unsigned threads = ThreadsOf(run);
  StatusBoard board(run.run());
  const auto server = ServeStatus(run, board);
  const TrainingInputs inputs(run, dataset);
  EmbeddedCluster cluster(spec, *inputs.data, dataset.num_users(), dataset.num_items(), threads,
                          ContentOf(spec, dataset), watchdog.board());
  if (WritesCheckpoints(run)) cluster.ExpectSnapshots();
  const auto audit = MakeTripleAudit(run.audit(), "0.0");
  cluster.SetAudit(audit.get());
  if (const auto resumed = OpenResumed(run, dataset)) {
    resumed->RequireFits(cluster.store());
    resumed->CopyUsers(0, dataset.num_users(), cluster.tables().users);
    resumed->CopyShared(cluster.store());
  } else if (run.has_init_from()) {
    const InitialModel initial(run.init_from(), dataset, spec);
    initial.CopyUsers(0, dataset.num_users(), cluster.tables());
    initial.CopyShared(cluster.store());
    log::Info("{}", initial.Summary());
  }
  TakeRunDirectory(run);
  if (server) board.ReadHistory();
  TrainingJob job(settings, spec, inputs, {{"threads", threads}}, board);
  try {
    const int code = report(job.Run(cluster));
    watchdog.Ending(code);  // a part of a checkpoint may be written still
    return code;
  } catch (const Error& error) {
    watchdog.Ending(static_cast<int>(error.kind()));
    throw;
  }
}

int Report(JobResult result, const config::RunSettings& run, bool json) {
  const int code = result.status == "interrupted" ? static_cast<int>(ErrorKind::kInterrupted) : 0;
  result.summary["exit_code"] = code;
  WriteRunResult(run, result.summary);
  try {
    WriteStandardOutput(json ? result.summary.dump() + "\n" : Summary(result.summary));
    FlushStandardOutput();
  } catch (const std::exception&) {
    result.summary["exit_code"] = static_cast<int>(ErrorKind::kFailed);
    WriteRunResult(run, result.summary);
    throw;
  }
  return code;
}

void CheckOutputs(const config::RunSettings& run) {
  RequireStatusPort(run);
  RequireApart(run.out(), run.data(), "data");
  RequireApart(run.out(), run.run(), "run");
  RequireApart(run.out(), run.init_from(), "init-from");
}

/// Others may not use a run's directory, as long as the job does.
std::unique_ptr<io::DirectoryLock> LockRun(const std::filesystem::path& directory,
                                           std::chrono::milliseconds patience) {
  return std::make_unique<io::DirectoryLock>(directory, patience);
}

/// The same for one that goes on: processes of its earlier life may still be about to end.
std::unique_ptr<io::DirectoryLock> LockResumed(const config::RunSettings& run) {
  const std::filesystem::path directory = RunOf(run.resume());
  if (!std::filesystem::is_directory(directory)) return nullptr;  // told where checkpoints are looked for
  return LockRun(directory, kEndOfEarlierLife);
}

/// The same command runs everywhere, so settings of a cluster are no error in one process; but they are told.
void TellInert(const config::ClusterSettings& cluster) {
  const config::Schema schema(*cluster.GetDescriptor());
  std::vector<const google::protobuf::FieldDescriptor*> given;
  cluster.GetReflection()->ListFields(cluster, &given);
  std::string names;
  for (const auto* field : given) {
    names += (names.empty() ? "" : ", ") + schema.Find(field->name())->flag;
  }
  if (!names.empty()) log::Info("one process: these settings have no effect: {}", names);
}

int TrainAlone(const config::TrainSettings& settings, const CommandContext& context) {
  TellInert(settings.cluster());
  const auto& run = settings.run_settings();
  TrainingSpec spec = ToTrainingSpec(settings);
  const data::Dataset dataset(run.data());
  SetContent(spec, dataset);
  const MemoryPlan plan = PlanTrainingMemory(spec, dataset, ShapeOf(run, dataset));
  if (context.dry_run) {
    const AvailableMemory available = FindAvailableMemory();
    PrintDryRun(settings, {{"memory", plan.ToJson(available)}}, plan.Table(available), context.json);
    return 0;
  }
  plan.RequireFits();
  const SignalGuard signals;
  Watchdog watchdog(
      {.where = "one process", .in_job = false, .limit = std::chrono::seconds(run.stuck_after())});
  const OnBoard here(watchdog.board().get(), "job");
  return TrainHere(settings, spec, dataset, watchdog,
                   [&](JobResult result) { return Report(std::move(result), run, context.json); });
}

/// Where hosts train at the same time, the default batch is one that suits the data.
/// @param processes  of the job, as it begins
void LimitBatches(const config::TrainSettings& settings, const HostPlan& plan, unsigned processes,
                  const data::Dataset& dataset, TrainingSpec& spec) {
  if (!plan.spread() || settings.sampling_settings().has_batch_triples()) return;
  const std::uint64_t workers = std::uint64_t{processes} * ThreadsOf(settings.run_settings());
  spec.sampling.batch_triples = BatchOfHosts(spec, dataset.slices(), dataset.num_items(), workers);
}

/// Memory of all processes of a host.
MemoryPlan PlanHost(const config::TrainSettings& settings, const TrainingSpec& spec,
                    const data::Dataset& dataset, const HostPlan& plan, const sync::Placement& placement,
                    Index replicated) {
  HostShare host;
  host.processes = plan.processes;
  host.workers = plan.workers;
  // The scheduler's host gathers all users for the model's files.
  host.users = plan.leader == kSchedulerNode ? 1.0 : plan.workers > 0 ? 1.0 / plan.working_hosts : 0.0;
  host.item_rows = placement.rows();
  if (plan.spread()) host.copied_rows = std::min<std::uint64_t>(replicated, placement.items());
  host.visitors = plan.workers > 0 ? VisitorRows(spec, dataset.slices(), placement) / 2 : 0;
  host.batches_ahead = settings.cluster().batches_ahead();
  host.hosts = static_cast<unsigned>(plan.leaders.size());
  host.job = true;
  return PlanTrainingMemory(spec, dataset, ShapeOf(settings.run_settings(), dataset), host);
}

/// What this rank says to the others before they begin.
RankCheck CheckRank(const Agreed& agreed) {
  const config::TrainSettings& settings = agreed.settings;
  RankCheck check;
  check.duties = agreed.duties;
  check.settings = ToText(settings);
  try {
    const auto& run = settings.run_settings();
    TrainingSpec spec = ToTrainingSpec(settings);
    const data::Dataset dataset(run.data());
    SetContent(spec, dataset);
    const TrainingInputs inputs(run, dataset);
    if (run.has_init_from() && !run.has_resume()) InitialModel(run.init_from(), dataset, spec);
    if (run.has_triples())
      ThrowUsage(
          "--triples cannot take effect with several processes: they are trained in order, by one thread");
    check.fingerprint = FingerprintOf(settings, dataset);
    check.one_host_only = spec.optimizer.kind == optim::Kind::kAdam;
    const auto by_heat = data::ByPopularity(inputs.data->item_counts());
    const Index replicated = ReplicatedItems(settings.cluster(), spec, dataset.num_items());
    check.needs = [settings, spec, by_heat, replicated](const HostPlan& plan, unsigned processes) {
      const data::Dataset opened(settings.run_settings().data());
      TrainingSpec limited = spec;
      LimitBatches(settings, plan, processes, opened, limited);
      const sync::Placement placement = plan.PlaceItems(by_heat, replicated);
      HostNeeds needs;
      needs.shape = ps::ModelStore::Shape(spec, opened.num_users(), placement.rows());
      needs.plan = PlanHost(settings, limited, opened, plan, placement, replicated);
      needs.shape.gate = sizeof(worker::GateMemory);
      if (!placement.complete()) needs.snapshot = ps::ModelStore::SnapshotBytes(spec, placement.items());
      return needs;
    };
    check.interface = settings.cluster().interface();
    check.shm_dir = settings.cluster().shm_dir();
    check.joinable = settings.cluster().has_join();
    check.insecure = settings.cluster().insecure();
  } catch (const Error& failure) {
    check.failure = failure;
  }
  return check;
}

/// This process is a node of a cluster.
/// @param herald  on the scheduler's node, else nullptr
int TrainAsNode(const config::TrainSettings& settings, const CommandContext& context,
                const NodeDescription& description, Herald* herald = nullptr) {
  if (description.node != kSchedulerNode) log::SetName(description.where);
  TrainingSpec spec = ToTrainingSpec(settings);
  const data::Dataset dataset(settings.run_settings().data());
  SetContent(spec, dataset);
  LimitBatches(settings, description.plan, description.processes, dataset, spec);
  return RunNodeProcess(settings, spec, dataset, description, herald, [&](JobResult result) {
    return Report(std::move(result), settings.run_settings(), context.json);
  });
}

int TrainAsRank(std::unique_ptr<Rendezvous> rendezvous, Role role, const config::TrainSettings* settings,
                const CommandContext& context, const JoinDoor& door = {}, int run_fd = -1) {
  const Agreed agreed = AgreeOnRoles(*rendezvous, role, settings);
  RankCheck check = CheckRank(agreed);
  if (context.dry_run) {
    check.tell_only = [&](const ordered_json& memory, const std::string& table) {
      PrintDryRun(agreed.settings, {{"memory", memory}}, table, context.json);
    };
  }
  check.join_fd = door.fd;
  check.run_fd = run_fd;
  check.beyond_host = door.beyond_host;
  if (check.interface.empty()) check.interface = door.network;
  return RunAgent(std::move(rendezvous), std::move(check));
}

/// This process joins a job that has begun.
int TrainLate(LateEntry& entry, Role role) {
  const Agreed agreed = {SettingsOfText(entry.settings()), {role == Role::kServer, role == Role::kWorker}};
  return RunLateAgent(
      entry, [&] { return CheckRank(agreed); }, ThreadsOf(agreed.settings.run_settings()));
}

/// --join takes effect where there are, or will be, several processes.
void RequireJoinable(Role role, const config::ClusterSettings& cluster, bool launched) {
  if (!cluster.has_join()) {
    if (cluster.has_secret_file()) ThrowUsage("--secret-file cannot take effect without --join");
    if (cluster.has_processes()) ThrowUsage("--processes cannot take effect without --join");
    return;
  }
  if (launched && cluster.has_processes()) {
    ThrowUsage("--processes cannot take effect: a launcher has started this process with others");
  }
  if (!launched && role != Role::kScheduler) {
    ThrowUsage(
        "--join cannot take effect in one process; use attune scheduler, or start several processes with "
        "attune local or mpirun");
  }
}

/// How processes join is a run's setting, but a run may be resumed in a layout in which none can: there it is
/// left out, unless the command says it itself.
void LeaveOutJoining(const config::ClusterSettings& given, Role role, bool launched,
                     config::ClusterSettings& resumed) {
  if (given.has_join() || given.has_secret_file() || given.has_processes()) return;
  if (!launched && role == Role::kScheduler) return;
  resumed.clear_processes();
  if (launched) return;
  resumed.clear_join();
  resumed.clear_secret_file();
}

/// A failure of the first process is one of the run.
int Recorded(const config::RunSettings& run, bool first, const std::function<int()>& body) {
  try {
    return body();
  } catch (const std::exception& failure) {
    if (first) RecordFailure(run, failure);
    throw;
  }
}

/// The scheduler's node of a later life.
int BeginLife(const CommandContext& context, const NodeDescription& description, Herald& herald) {
  HostTables tables;
  NodeDescription own;
  config::TrainSettings settings;
  try {
    if (const auto code = CodeOfResult(description)) {
      EndOthers(herald, description, *code);
      return *code;
    }
    own = TakeUpLife(description);
    settings = SettingsOfText(own.settings);
    herald.SetAnswer(wire::NextLife{own.life, settings.run_settings().resume()});
    tables = MakeTables(own);
    if (StopRequested()) throw Error(ErrorKind::kInterrupted, "told to end before a new life had begun");
  } catch (const Error& failure) {
    EndOthers(herald, description, static_cast<int>(failure.kind()));
    throw;
  }
  return TrainAsNode(settings, context, own, &herald);
}

int RunAsNode(const CommandContext& context, const NodeDescription& description) {
  const config::TrainSettings settings = SettingsOfText(description.settings);
  if (description.node != kSchedulerNode) return TrainAsNode(settings, context, description);
  return Recorded(settings.run_settings(), true, [&] {
    const SignalGuard signals;
    Herald herald(MakeNodeTransport(description, settings.cluster().insecure()), description.life);
    if (description.life == 0) return TrainAsNode(settings, context, description, &herald);
    return BeginLife(context, description, herald);
  });
}

bool IsBaseline(const config::TrainSettings& settings) {
  RequireSettingsOfAlgorithm(settings);
  return settings.algorithm_settings().algorithm() != config::ALGORITHM_FACTORISATION;
}

/// An algorithm that trains without triples, and so without workers and servers.
int RunBaseline(Role role, const config::TrainSettings& settings, const Rendezvous* rendezvous,
                const CommandContext& context) {
  const auto& run = settings.run_settings();
  if ((rendezvous != nullptr && rendezvous->size() > 1) || role != Role::kTrain ||
      settings.cluster().has_join()) {
    ThrowUsage(
        "--algorithm {} is trained by one process, on all its processors: start attune train by itself, "
        "without mpirun, attune local or --join",
        model::NameOf(ToAlgorithm(settings.algorithm_settings().algorithm())));
  }
  TellInert(settings.cluster());
  if (context.dry_run) return TrainBaseline(settings, context);
  CheckOutputs(run);
  RequireFreeRun(run);
  std::unique_ptr<io::DirectoryLock> lock;
  if (run.has_run()) {
    std::filesystem::create_directories(run.run());
    lock = LockRun(run.run(), {});
  }
  return Recorded(run, true, [&] { return TrainBaseline(settings, context); });
}

/// A process that has settings of its own: alone, or one of many.
int RunWithSettings(Role role, const config::TrainSettings& given, const CommandContext& context) {
  const auto description = FindNodeDescription();
  if (description) return RunAsNode(context, *description);
  auto rendezvous = FindRendezvous();
  const bool resumes = given.run_settings().has_resume();
  // Which checkpoint it is, one process finds out.
  if (resumes && rendezvous && rendezvous->rank() > 0) {
    return TrainAsRank(std::move(rendezvous), role, nullptr, context);
  }
  std::unique_ptr<io::DirectoryLock> lock;
  if (resumes && !context.dry_run) lock = LockResumed(given.run_settings());
  config::TrainSettings settings = resumes ? ResumedSettings(given) : given;
  const auto& run = settings.run_settings();
  if (IsBaseline(settings)) return RunBaseline(role, settings, rendezvous.get(), context);
  JoinDoor door;
  std::optional<SignalGuard> waiting;  // ends the wait for others; later the agent waits for signals
  const bool launched = rendezvous != nullptr && rendezvous->size() > 1;
  if (resumes) LeaveOutJoining(given.cluster(), role, launched, *settings.mutable_cluster());
  RequireJoinable(role, settings.cluster(), launched);
  const bool opens = settings.cluster().has_join() && (!launched || rendezvous->rank() == 0);
  if (opens) door = OpenToJoin(settings.cluster());
  if (opens && !launched) {
    waiting.emplace();
    rendezvous = AwaitJoining(settings.cluster(), door.fd);
  }
  const bool first = !rendezvous || rendezvous->rank() == 0;
  const bool many = rendezvous && rendezvous->size() > 1;
  if (context.dry_run)
    return many ? TrainAsRank(std::move(rendezvous), role, &settings, context)
                : TrainAlone(settings, context);
  CheckOutputs(run);
  if (first) {
    RequireFreeRun(run);
    if (run.has_run() && !lock) {
      std::filesystem::create_directories(run.run());
      lock = LockRun(run.run(), {});
    }
    TakeAuditDirectory(run);
  }
  return Recorded(run, first, [&] {
    if (many) {
      return TrainAsRank(std::move(rendezvous), role, &settings, context, door, lock ? lock->fd() : -1);
    }
    if (role == Role::kScheduler)
      ThrowUsage(
          "attune scheduler needs servers and workers: start them with it, or let them come with --join");
    return TrainAlone(settings, context);
  });
}

/// A process whose settings come from the scheduler.
int RunWithoutSettings(Role role, const config::RoleSettings& settings, const CommandContext& context) {
  if (const auto description = FindNodeDescription()) {
    return RunAsNode(context, *description);
  }
  auto rendezvous = FindRendezvous();
  if (rendezvous && settings.has_join()) {
    ThrowUsage("--join cannot take effect: a launcher has started this process with others");
  }
  if (!rendezvous && !settings.has_join()) {
    ThrowUsage(
        "no scheduler: pass --join HOST:PORT, or start this under mpirun or srun together with attune "
        "scheduler");
  }
  std::optional<SignalGuard> waiting;  // as in RunWithSettings
  if (!rendezvous) {
    waiting.emplace();
    Joined joined = JoinScheduler(settings);
    if (joined.late) return TrainLate(*joined.late, role);
    rendezvous = std::move(joined.rendezvous);
  }
  return TrainAsRank(std::move(rendezvous), role, nullptr, context);
}

}  // namespace

int RunTrain(const config::TrainSettings& settings, const CommandContext& context) {
  return RunWithSettings(Role::kTrain, settings, context);
}

int RunScheduler(const config::TrainSettings& settings, const CommandContext& context) {
  return RunWithSettings(Role::kScheduler, settings, context);
}

int RunServer(const config::RoleSettings& settings, const CommandContext& context) {
  return RunWithoutSettings(Role::kServer, settings, context);
}

int RunWorker(const config::RoleSettings& settings, const CommandContext& context) {
  return RunWithoutSettings(Role::kWorker, settings, context);
}

}  // namespace attune::launch
