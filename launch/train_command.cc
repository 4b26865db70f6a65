#include "launch/train_command.h"

#include <fmt/core.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "common/error.h"
#include "common/log.h"
#include "common/model/user_vectors.h"
#include "common/run/format.h"
#include "common/run/memory_plan.h"
#include "common/simd.h"
#include "common/thread.h"
#include "launch/signals.h"
#include "launch/standard_streams.h"
#include "launch/training_job.h"
#include "launch/training_settings.h"

namespace attune::launch {
namespace {

using nlohmann::ordered_json;

/// Scratch of one worker thread, by the sizes of a batch: gathered rows, projections and their gradients.
std::uint64_t ScratchBytes(const TrainingSpec& spec, const data::Dataset& dataset) {
  if (!spec.model.HasAttention()) return std::uint64_t{1} << 20;
  const std::uint64_t mean_history = dataset.num_interactions() / std::max<Index>(1, dataset.num_users()) + 1;
  const std::uint64_t visits = spec.sampling.batch_triples / mean_history + 1;
  const std::uint64_t items =
      std::min<std::uint64_t>(dataset.num_items(), 2 * std::uint64_t{spec.sampling.batch_triples});
  const std::uint64_t width = simd::Padded(spec.model.dim) + simd::Padded(spec.model.hidden());
  return (items * 2 + visits) * 2 * width * sizeof(float);
}

MemoryPlan PlanMemory(const TrainingSpec& spec, const data::Dataset& dataset, bool copies_data,
                      unsigned threads) {
  MemoryPlan plan;
  plan.Add("tables with optimizer state",
           EmbeddedCluster::TableBytes(spec, dataset.num_users(), dataset.num_items()), "--dim");
  plan.Add(copies_data ? "training interactions" : "training interactions (mapped from DATA)",
           dataset.interaction_bytes());
  plan.Add("item counts and negative sampler",
           dataset.num_items() * (spec.sampling.negatives == Negatives::kPopularity ? 24 : 4));
  plan.Add("worker scratch", threads * ScratchBytes(spec, dataset), "--batch-triples");
  if (spec.model.HasAttention()) {
    plan.Add("projections during evaluation",
             std::uint64_t{dataset.num_items()} * simd::Padded(spec.model.hidden()) * sizeof(float),
             "--item-hidden");
  }
  return plan;
}

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

int Train(const config::TrainSettings& settings, const TrainingSpec& spec, const data::Dataset& dataset,
          bool json) {
  const SignalGuard signals;
  TrainingJob job(settings, spec, dataset);
  JobResult result = job.Run();
  const int code = result.status == "interrupted" ? static_cast<int>(ErrorKind::kInterrupted) : 0;
  result.summary["exit_code"] = code;
  WriteRunResult(settings.run_settings(), result.summary);
  WriteStandardOutput(json ? result.summary.dump() + "\n" : Summary(result.summary));
  return code;
}

}  // namespace

int RunTrain(const config::TrainSettings& settings, const CommandContext& context) {
  const auto& run = settings.run_settings();
  const TrainingSpec spec = ToTrainingSpec(settings);
  const data::Dataset dataset(run.data());
  const MemoryPlan plan = PlanMemory(spec, dataset, run.include_validation(), ResolveThreads(run.threads()));
  if (context.dry_run) {
    PrintPlan(plan, context.json);
    return 0;
  }
  plan.RequireFits();
  try {
    return Train(settings, spec, dataset, context.json);
  } catch (const Error& error) {
    WriteRunResult(
        run, {{"status", "failed"}, {"error", error.what()}, {"exit_code", static_cast<int>(error.kind())}});
    throw;
  }
}

}  // namespace attune::launch
