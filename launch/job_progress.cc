#include "launch/job_progress.h"

#include "common/io/json_number.h"

namespace attune::launch {

using nlohmann::ordered_json;

ordered_json ToJson(const JobProgress& progress, const scheduler::EarlyStopping& stopping) {
  ordered_json json = {
      {"epochs_done", progress.epochs_done},     {"evaluated", progress.evaluated},
      {"positives", progress.trained.positives}, {"triples", progress.trained.triples},
      {"loss_sum", progress.trained.loss},       {"digest", progress.trained.digest},
      {"rows", progress.trained.rows},           {"untrainable", progress.untrainable},
      {"train_seconds", progress.train_seconds}, {"evaluation_seconds", progress.evaluation_seconds},
      {"last_loss", progress.last_loss},         {"resumed", progress.resumed},
      {"checkpoints", progress.checkpoints}};
  if (!stopping.HasBest()) return json;
  json["best"] = {{"value", stopping.best()},
                  {"epoch", stopping.best_epoch()},
                  {"without_better", stopping.without_better()},
                  {"metrics", progress.best_metrics}};
  return json;
}

JobProgress ProgressFromJson(const ordered_json& json, scheduler::EarlyStopping& stopping) {
  JobProgress progress;
  progress.epochs_done = io::WholeNumber<std::uint32_t>(json.at("epochs_done"));
  json.at("evaluated").get_to(progress.evaluated);
  progress.trained.positives = io::WholeNumber<std::uint64_t>(json.at("positives"));
  progress.trained.triples = io::WholeNumber<std::uint64_t>(json.at("triples"));
  json.at("loss_sum").get_to(progress.trained.loss);
  progress.trained.digest = io::WholeNumber<std::uint64_t>(json.at("digest"));
  progress.trained.rows = io::WholeNumber<std::uint64_t>(json.at("rows"));
  progress.untrainable = io::WholeNumber<std::uint64_t>(json.at("untrainable"));
  json.at("train_seconds").get_to(progress.train_seconds);
  json.at("evaluation_seconds").get_to(progress.evaluation_seconds);
  json.at("last_loss").get_to(progress.last_loss);
  progress.resumed = io::WholeNumber<std::uint32_t>(json.at("resumed"));
  progress.checkpoints = io::WholeNumber<std::uint64_t>(json.at("checkpoints"));
  if (!json.contains("best")) return progress;
  const ordered_json& best = json.at("best");
  stopping.Restore(best.at("value"), io::WholeNumber<std::uint32_t>(best.at("epoch")),
                   io::WholeNumber<std::uint32_t>(best.at("without_better")));
  progress.best_metrics = best.at("metrics");
  return progress;
}

}  // namespace attune::launch
