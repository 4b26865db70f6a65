#include "launch/train_command.h"

#include <fmt/core.h>

#include <algorithm>
#include <exception>
#include <filesystem>
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
#include "worker/attention_batch.h"

namespace attune::launch {
namespace {

using nlohmann::ordered_json;

/// Scratch of one worker thread, by the sizes of a batch: gathered rows, projections and their gradients.
std::uint64_t ScratchBytes(const TrainingSpec& spec, const data::Dataset& dataset) {
  const std::uint64_t width = simd::Padded(spec.model.dim);
  const std::uint64_t triples =
      spec.sampling.batch_triples + std::uint64_t{spec.sampling.max_visit_triples()};
  const std::uint64_t mean_history = dataset.num_interactions() / std::max<Index>(1, dataset.num_users()) + 1;
  const std::uint64_t visits =
      triples / std::min<std::uint64_t>(spec.sampling.max_visit_triples(), mean_history) + 1;
  const std::uint64_t entries = spec.model.HasHistory() ? visits * mean_history : 0;
  std::uint64_t floats = 4 * triples + 6 * std::uint64_t{spec.sampling.max_visit_triples()};
  if (spec.update_batch) floats += 3 * width * (2 * triples + 2 * entries + visits);
  std::uint64_t bytes = floats * sizeof(float) + (std::uint64_t{1} << 20);
  if (spec.model.HasAttention()) {
    const std::uint64_t chunk =
        std::min<std::uint64_t>(entries, worker::AttentionBatch::MaxEntries(spec.model));
    const std::uint64_t items = std::min<std::uint64_t>(dataset.num_items(), chunk);
    const double components = static_cast<double>(ContentOf(spec, dataset).total()) / dataset.num_items();
    bytes += worker::AttentionBatch::ScratchBytes(spec.model, chunk, items, visits, components);
  }
  return bytes;
}

MemoryPlan PlanMemory(const TrainingSpec& spec, const data::Dataset& dataset, bool copies_data,
                      unsigned threads) {
  MemoryPlan plan;
  plan.Add("tables with optimizer state",
           EmbeddedCluster::TableBytes(spec, dataset.num_users(), dataset.num_items()), "--dim");
  plan.Add(copies_data ? "training interactions" : "training interactions (mapped from DATA)",
           dataset.interaction_bytes());
  plan.Add("item counts and negative sampler",
           std::uint64_t{dataset.num_items()} * (spec.sampling.negatives == Negatives::kPopularity ? 24 : 4));
  plan.Add("worker scratch", threads * ScratchBytes(spec, dataset), "--batch-triples");
  if (spec.model.HasContent()) {
    plan.Add("content shared by workers", worker::SharedContent::Bytes(spec, ContentOf(spec, dataset)),
             spec.projection_refresh > 0 ? "--projection-refresh 0" : "");
  }
  plan.Add("histories during evaluation", dataset.num_interactions() * sizeof(Index));
  if (spec.model.HasAttention()) {
    plan.Add("projections during evaluation",
             std::uint64_t{dataset.num_items()} * simd::Padded(spec.model.hidden()) * sizeof(float),
             "--item-hidden");
  }
  if (spec.model.HasComponentAttention()) {
    plan.Add("component projections during evaluation",
             model::ContentTerms::Bytes(spec.model, ContentOf(spec, dataset)), "--component-hidden");
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
    const unsigned threads = run.has_triples() ? 1 : ResolveThreads(run.threads());
    const MemoryPlan plan = PlanMemory(spec, dataset, run.include_validation(), threads);
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
