#include "launch/train_command.h"

#include <fmt/core.h>

#include <algorithm>
#include <exception>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <utility>

#include "common/error.h"
#include "common/log.h"
#include "common/run/format.h"
#include "common/run/memory_plan.h"
#include "launch/embedded_cluster.h"
#include "launch/initial_model.h"
#include "launch/signals.h"
#include "launch/standard_streams.h"
#include "launch/training_inputs.h"
#include "launch/training_job.h"
#include "launch/training_memory.h"
#include "launch/training_settings.h"

namespace attune::launch {
namespace {

using nlohmann::ordered_json;

void PrintPlan(const MemoryPlan& plan, bool json) {
  const AvailableMemory available = FindAvailableMemory();
  WriteStandardOutput(json ? ordered_json{{"memory", plan.ToJson(available)}}.dump() + "\n"
                           : plan.Table(available));
}

std::string Summary(const ordered_json& s) {
  std::string text = fmt::format(
      "{}: {} after {} epochs (model of epoch {}), loss {:.4f}\n{} triples/s, {} training, {} evaluation, "
      "peak memory {}\n",
      s["model"].get<std::string>(), s["status"].get<std::string>(), s["epochs"].get<int>(),
      s["model_of_epoch"].get<int>(), s["loss"].get<double>(),
      FormatCount(s["triples_per_second"].get<double>()), FormatDuration(s["train_seconds"].get<double>()),
      FormatDuration(s["evaluation_seconds"].get<double>()),
      FormatBytes(s["peak_memory_bytes"].get<std::uint64_t>()));
  if (s.contains("validation")) {
    const auto& v = s["validation"];
    text += fmt::format("validation: HR@10 {:.4f}  NDCG@10 {:.4f}  HR@100 {:.4f}  NDCG@100 {:.4f}\n",
                        v["hr@10"].get<double>(), v["ndcg@10"].get<double>(), v["hr@100"].get<double>(),
                        v["ndcg@100"].get<double>());
  }
  if (s["untrainable_positives"].get<std::uint64_t>() > 0) {
    text += fmt::format("{} positives belong to users who have every item: no negative exists, not trained\n",
                        s["untrainable_positives"].get<std::uint64_t>());
  }
  return text;
}

/// Writes result.json, the truth of a run, where there is a run directory.
void WriteRunResult(const config::RunSettings& run, const ordered_json& result) {
  if (run.has_run()) WriteResult(run.run(), result);
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

int Train(const config::TrainSettings& settings, const TrainingSpec& spec, const data::Dataset& dataset,
          bool json) {
  const SignalGuard signals;
  const auto& run = settings.run_settings();
  const unsigned threads = ThreadsOf(run);
  const TrainingInputs inputs(run, dataset);
  TrainingJob job(settings, spec, inputs, {{"threads", threads}});
  EmbeddedCluster cluster(spec, *inputs.data, dataset.num_users(), dataset.num_items(), threads,
                          ContentOf(spec, dataset));
  if (run.has_init_from()) {
    const model::LoadedModel from(run.init_from());
    log::Info("{}: {}", run.init_from(), InitialiseFrom(from, dataset, spec, cluster.store()));
  }
  JobResult result = job.Run(cluster);
  const int code = result.status == "interrupted" ? static_cast<int>(ErrorKind::kInterrupted) : 0;
  result.summary["exit_code"] = code;
  WriteRunResult(run, result.summary);
  WriteStandardOutput(json ? result.summary.dump() + "\n" : Summary(result.summary));
  return code;
}

}  // namespace

int RunTrain(const config::TrainSettings& settings, const CommandContext& context) {
  const auto& run = settings.run_settings();
  TrainingSpec spec = ToTrainingSpec(settings);
  RequireApart(run.out(), run.data(), "data");
  RequireApart(run.out(), run.run(), "run");
  RequireApart(run.out(), run.init_from(), "init-from");
  // What an earlier run of the same name said is not true of this one.
  if (run.has_run() && !context.dry_run)
    std::filesystem::remove(std::filesystem::path(run.run()) / "result.json");
  try {
    const data::Dataset dataset(run.data());
    SetContent(spec, dataset);
    const unsigned threads = ThreadsOf(run);
    const MemoryPlan plan = PlanTrainingMemory(spec, dataset, run.include_validation(), threads);
    if (context.dry_run) {
      PrintPlan(plan, context.json);
      return 0;
    }
    plan.RequireFits();
    return Train(settings, spec, dataset, context.json);
  } catch (const std::exception& failure) {
    const auto* error = dynamic_cast<const Error*>(&failure);
    const auto code = static_cast<int>(error == nullptr ? ErrorKind::kFailed : error->kind());
    if (!context.dry_run)
      WriteRunResult(run, {{"status", "failed"}, {"error", failure.what()}, {"exit_code", code}});
    throw;
  }
}

}  // namespace attune::launch
