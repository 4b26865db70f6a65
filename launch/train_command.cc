#include "launch/train_command.h"

#include <chrono>
#include <exception>
#include <filesystem>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "common/error.h"
#include "common/io/directory_lock.h"
#include "common/log.h"
#include "launch/baselines/algorithm_settings.h"
#include "launch/baselines/baseline_command.h"
#include "launch/cluster/agent.h"
#include "launch/cluster/herald.h"
#include "launch/cluster/host_tables.h"
#include "launch/cluster/joining.h"
#include "launch/cluster/late_agent.h"
#include "launch/cluster/next_life.h"
#include "launch/cluster/node_parts.h"
#include "launch/cluster/node_process.h"
#include "launch/cluster/node_transport.h"
#include "launch/dry_run.h"
#include "launch/outputs_apart.h"
#include "launch/rank_check.h"
#include "launch/resume.h"
#include "launch/run_directory.h"
#include "launch/signals.h"
#include "launch/status/endpoint.h"
#include "launch/train_alone.h"
#include "launch/training_inputs.h"
#include "launch/training_report.h"
#include "launch/training_settings.h"

namespace attune::launch {
namespace {

using nlohmann::ordered_json;

/// How long a run that goes on waits for processes of its earlier life to be gone.
constexpr std::chrono::seconds kEndOfEarlierLife(30);

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
    return ReportTraining(std::move(result), settings.run_settings(), context.json);
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
    Herald herald(MakeNodeTransport(description, settings.cluster()), description.life);
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
  RequireStatusPort(run);
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
  config::TrainSettings settings = given;
  if (resumes) {
    settings = ResumedSettings(given);
    RequireOutputsApart(settings, context.config);
  }
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
  RequireStatusPort(run);
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
