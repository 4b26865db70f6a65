#include "launch/rank_check.h"

#include <fmt/core.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>

#include "common/config/settings_json.h"
#include "common/data/training_data.h"
#include "common/error.h"
#include "common/io/json_text.h"
#include "common/run/memory_plan.h"
#include "common/sync/placement.h"
#include "launch/cluster/item_memory.h"
#include "launch/cluster/node_parts.h"
#include "launch/cluster/stale_steps.h"
#include "launch/initial_model.h"
#include "launch/program_identity.h"
#include "launch/training_inputs.h"
#include "launch/training_memory.h"
#include "launch/training_settings.h"
#include "ps/model_store.h"
#include "worker/staleness_gate.h"

namespace attune::launch {
namespace {

/// What the processes of a job must have in common.
std::string FingerprintOf(const config::TrainSettings& settings, const data::Dataset& dataset) {
  config::TrainSettings common = settings;
  common.mutable_run_settings()->clear_resume();  // another in each life of a job
  common.mutable_run_settings()->clear_overwrite();
  return fmt::format("{}, data {}, settings {}", ProgramIdentity(), dataset.Fingerprint(),
                     io::JsonText(config::SettingsToJson(common)));
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
  host.lockstep = settings.cluster().staleness() == 0;
  host.job = true;
  return PlanTrainingMemory(spec, dataset, ShapeOf(settings.run_settings(), dataset), host);
}

}  // namespace

void LimitBatches(const config::TrainSettings& settings, const HostPlan& plan, unsigned processes,
                  const data::Dataset& dataset, TrainingSpec& spec) {
  if (!plan.spread() || settings.sampling_settings().has_batch_triples()) return;
  const std::uint64_t workers = std::uint64_t{processes} * ThreadsOf(settings.run_settings());
  spec.sampling.batch_triples = BatchOfHosts(spec, dataset.slices(), dataset.num_items(), workers);
}

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

}  // namespace attune::launch
