#include "launch/baselines/baseline_command.h"

#include <fmt/core.h>

#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "common/config/settings_json.h"
#include "common/io/json_text.h"
#include "common/io/staged_directory.h"
#include "common/log.h"
#include "common/model/model_files.h"
#include "common/run/format.h"
#include "common/run/metrics_log.h"
#include "common/run/version.h"
#include "launch/baselines/algorithm_settings.h"
#include "launch/baselines/baseline_models.h"
#include "launch/dry_run.h"
#include "launch/evaluate_model.h"
#include "launch/metrics_json.h"
#include "launch/process_memory.h"
#include "launch/run_directory.h"
#include "launch/standard_streams.h"

namespace attune::launch {
namespace {

using nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

std::string Summary(const ordered_json& s) {
  std::string text =
      fmt::format("{}: {} in {}, peak memory {}\n", s["model"].get<std::string>(),
                  s["algorithm"].get<std::string>(), FormatDuration(s["train_seconds"].get<double>()),
                  FormatBytes(s["peak_memory_bytes"].get<std::uint64_t>()));
  text += ValidationText(s);
  return text;
}

/// The complete model on the validation split, read as any other command would.
ordered_json Validate(const std::filesystem::path& directory, const TrainingInputs& inputs,
                      unsigned threads) {
  const model::LoadedModel model(directory);
  const ModelData matched(model, inputs.dataset);
  const auto result = EvaluateModel(matched, *inputs.validation, threads);
  return ToJson(MeanOf(*inputs.validation, result.ranks));
}

}  // namespace

int TrainBaseline(const config::TrainSettings& settings, const CommandContext& context) {
  const auto& run = settings.run_settings();
  const unsigned threads = ThreadsOf(run);
  const data::Dataset dataset(run.data());
  const TrainingInputs inputs(run, dataset);
  const auto baseline = MakeBaselineModel(settings, inputs, threads);
  MemoryPlan plan;
  baseline->AddMemory(plan);
  if (context.dry_run) {
    const AvailableMemory available = FindAvailableMemory();
    PrintDryRun(settings, {{"memory", plan.ToJson(available)}}, plan.Table(available), context.json);
    return 0;
  }
  plan.RequireFits();
  io::StagedDirectory staged(run.out(), run.overwrite(), {model::kModelKind});
  TakeRunDirectory(run);
  if (run.has_run()) log::AddFile((std::filesystem::path(run.run()) / "log").string());
  MemoryPeak peak;
  const auto start = Clock::now();
  const ordered_json model = baseline->Make(staged.path());
  const double train_seconds = SecondsSince(start);
  peak.Look();
  ordered_json details = {{"settings", config::SettingsToJson(settings)},
                          {"provenance",
                           {{"data", std::filesystem::absolute(dataset.path()).lexically_normal().string()},
                            {"data_fingerprint", dataset.Fingerprint()},
                            {"interactions", inputs.data->num_interactions()},
                            {"threads", threads},
                            {"status", "completed"}}}};
  details["provenance"].update(baseline->Report());
  const auto complete = [&] {
    model::CompleteModel(staged.path(), model, dataset.path() / "users.tsv", dataset.path() / "items.tsv",
                         details);
  };
  complete();
  ordered_json summary = {
      {"status", "completed"},
      {"model", run.out()},
      {"algorithm", std::string(NameOf(ToAlgorithm(settings.algorithm_settings().algorithm())))},
      {"train_seconds", train_seconds}};
  summary.update(baseline->Report());
  if (inputs.validation) {
    const auto validation_start = Clock::now();
    const ordered_json metrics = Validate(staged.path(), inputs, threads);
    summary["evaluation_seconds"] = SecondsSince(validation_start);
    details["metrics"] = {{"validation", metrics}};
    complete();
    summary["validation"] = metrics;
    peak.Look();
  }
  staged.Commit();
  summary["peak_memory_bytes"] = peak.bytes();
  summary["exit_code"] = 0;
  if (run.has_run()) MetricsLog(run.run()).Write("end", summary);
  WriteRunResult(run, summary);
  WriteStandardOutput(context.json ? io::JsonText(summary) + "\n" : Summary(summary));
  return 0;
}

}  // namespace attune::launch
