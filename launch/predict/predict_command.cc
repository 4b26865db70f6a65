#include "launch/predict/predict_command.h"

#include <fmt/core.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "common/error.h"
#include "common/io/json_text.h"
#include "common/io/output_file.h"
#include "common/thread.h"
#include "launch/predict/calibration.h"
#include "launch/predict/prediction.h"
#include "launch/require_effect.h"
#include "launch/standard_streams.h"
#include "launch/training_settings.h"

namespace attune::launch {
namespace {

using nlohmann::ordered_json;

/// Settings of one of the two uses that have no effect in the other.
void CheckUse(const config::PredictSettings& settings) {
  const bool calibrates = settings.calibration().calibrate();
  const char* why = "that is for --calibrate";
  RequireEffect(settings.calibration().has_out(), calibrates, "out", why);
  RequireEffect(settings.calibration().has_overwrite(), calibrates, "overwrite", why);
  RequireEffect(settings.calibration().has_optimizer(), calibrates, "optimizer", why);
  RequireEffect(settings.calibration().has_train_seconds(), calibrates, "train-seconds", why);
  if (settings.model().ByteSizeLong() > 0 && !calibrates) {
    ThrowUsage(
        "settings of the model say what --calibrate measures; a prediction is of the model in --costs");
  }
  if (!calibrates) return;
  const char* measures = "--calibrate only measures this machine";
  const auto& job = settings.job();
  RequireEffect(job.has_costs(), false, "costs", measures);
  RequireEffect(job.has_users() || job.has_items() || job.has_interactions(), false,
                "users, --items, --interactions", measures);
  RequireEffect(job.has_hosts(), false, "hosts", measures);
  RequireEffect(settings.network().ByteSizeLong() > 0, false,
                "bandwidth (or another setting of hosts and network)", measures);
  RequireEffect(settings.run().ByteSizeLong() > 0, false, "seconds (or another setting of the prediction)",
                measures);
}

int RunCalibration(const config::PredictSettings& settings, const CommandContext& context) {
  const std::filesystem::path out = settings.calibration().out();
  if (!settings.job().has_data() || out.empty()) {
    ThrowUsage("--calibrate needs --data DATA, which it trains on, and --out FILE");
  }
  if (std::filesystem::exists(out) && !settings.calibration().overwrite()) {
    ThrowUsage("--out {}: exists; add --overwrite to replace it", out.string());
  }
  config::TrainSettings train;
  train.mutable_model()->CopyFrom(settings.model());
  train.mutable_optimisation()->set_optimizer(settings.calibration().optimizer());
  if (settings.job().has_batch_triples()) {
    train.mutable_sampling_settings()->set_batch_triples(settings.job().batch_triples());
  }
  TrainingSpec spec = ToTrainingSpec(train);
  const data::Dataset dataset(settings.job().data());
  SetContent(spec, dataset);
  const predict::Costs costs = predict::Calibrate(spec, dataset, ResolveThreads(settings.job().threads()),
                                                  settings.calibration().train_seconds());
  const std::string text = io::JsonText(predict::ToJson(costs), 2) + "\n";
  io::WriteFileAtomically(out, text);
  WriteStandardOutput(context.json
                          ? text
                          : fmt::format("{}: {}, {}: {:.3g} k triples/s for each thread of {}\n",
                                        out.string(), costs.machine, costs.model,
                                        1e-3 / (costs.triple + costs.triple_of_batch / 4096), costs.threads));
  return 0;
}

ordered_json JsonOf(const config::PredictSettings& settings, const predict::Costs& costs,
                    const std::vector<predict::Prediction>& predictions,
                    const std::vector<predict::Influence>& influences) {
  ordered_json json = {{"bandwidth", settings.network().bandwidth()},
                       {"latency", settings.network().latency()},
                       {"costs", predict::ToJson(costs)},
                       {"predictions", predict::ToJson(predictions)}};
  if (!influences.empty()) json["sensitivity"] = predict::ToJson(influences);
  return json;
}

}  // namespace

int RunPredict(const config::PredictSettings& settings, const CommandContext& context) {
  CheckUse(settings);
  if (settings.calibration().calibrate()) return RunCalibration(settings, context);
  if (!settings.job().has_costs()) {
    ThrowUsage("--costs FILE is missing; attune predict --calibrate --data DATA --out FILE makes it");
  }
  const predict::Costs costs = predict::ReadCosts(settings.job().costs());
  const predict::Shape shape = predict::ShapeOf(settings, costs);
  const auto predictions = predict::PredictAll(settings, shape, costs);
  std::vector<predict::Influence> influences;
  if (settings.run().sensitivity()) influences = predict::PredictInfluences(settings, shape, costs);
  const Table table = predict::TableOf(predictions);
  if (settings.run().has_csv()) io::WriteFileAtomically(settings.run().csv(), TableCsv(table));
  const std::string title =
      fmt::format("{} users, {} items, {} interactions{}; {}, {} a link, {} away", shape.users, shape.items,
                  shape.interactions, settings.job().scaling() == config::SCALING_WEAK ? " a host" : "",
                  costs.model, settings.network().bandwidth(), settings.network().latency());
  if (settings.run().has_html()) {
    io::WriteFileAtomically(settings.run().html(), predict::PageOf(predictions, influences, title));
  }
  if (context.json) {
    WriteStandardOutput(io::JsonText(JsonOf(settings, costs, predictions, influences)) + "\n");
    return 0;
  }
  std::string text = title + "\n" + predict::TextOf(table);
  if (!influences.empty()) {
    const Table sensitivity =
        predict::TableOf(influences, predictions.back().plan.scenario.hosts, predictions.back().efficiency);
    text += "\n" + sensitivity.caption + "\n" + predict::TextOf(sensitivity);
  }
  WriteStandardOutput(text);
  return 0;
}

}  // namespace attune::launch
