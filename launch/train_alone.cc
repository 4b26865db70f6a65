#include "launch/train_alone.h"

#include <chrono>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "common/config/schema.h"
#include "common/error.h"
#include "common/log.h"
#include "common/run/memory_plan.h"
#include "launch/cluster/watchdog.h"
#include "launch/dry_run.h"
#include "launch/embedded_cluster.h"
#include "launch/initial_model.h"
#include "launch/resume.h"
#include "launch/run_directory.h"
#include "launch/signals.h"
#include "launch/status/endpoint.h"
#include "launch/training_inputs.h"
#include "launch/training_job.h"
#include "launch/training_memory.h"
#include "launch/training_report.h"
#include "launch/training_settings.h"

namespace attune::launch {
namespace {

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

}  // namespace

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
                   [&](JobResult result) { return ReportTraining(std::move(result), run, context.json); });
}

}  // namespace attune::launch
