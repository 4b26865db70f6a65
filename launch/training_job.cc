#include "launch/training_job.h"

#include <fmt/core.h>

#include "common/config/settings_json.h"
#include "common/error.h"
#include "common/eval/metrics.h"
#include "common/log.h"
#include "common/model/model_files.h"
#include "common/run/format.h"
#include "common/run/version.h"
#include "launch/cluster_report.h"
#include "launch/signals.h"
#include "launch/training_settings.h"
#include "launch/triples_file.h"
#include "ps/model_store.h"

namespace attune::launch {
namespace {

using nlohmann::ordered_json;

ordered_json ToJson(const eval::UserMetrics& metrics) {
  ordered_json json;
  for (std::size_t n = 0; n < eval::kCutoffs; ++n) {
    json[fmt::format("hr@{}", eval::Cutoff(n))] = metrics.hr[n];
    json[fmt::format("ndcg@{}", eval::Cutoff(n))] = metrics.ndcg[n];
  }
  json["mrr"] = metrics.mrr;
  return json;
}

}  // namespace

TrainingJob::TrainingJob(const config::TrainSettings& settings, const TrainingSpec& spec,
                         const TrainingInputs& inputs, ordered_json layout)
    : settings_(settings),
      spec_(spec),
      inputs_(inputs),
      layout_(std::move(layout)),
      staged_(settings.run_settings().out(), settings.run_settings().overwrite()),
      progress_("triples"),
      stopping_(settings.run_settings().patience()) {
  const auto& run = settings_.run_settings();
  if (!run.has_run()) return;
  metrics_log_ = std::make_unique<MetricsLog>(run.run());
  log::AddFile((std::filesystem::path(run.run()) / "log").string());
}

TrainingJob::~TrainingJob() = default;

JobResult TrainingJob::Run(Cluster& cluster) {
  cluster_ = &cluster;
  ordered_json start = {{"version", Version()}};
  start.update(layout_);
  start["settings"] = config::SettingsToJson(settings_);
  Record("start", start);
  const auto& run = settings_.run_settings();
  if (run.has_triples()) {
    TrainTriples();
    return Finish(cluster_->stopped() ? "interrupted" : "completed");
  }
  for (std::uint32_t epoch = 1; epoch <= run.epochs(); ++epoch) {
    if (StopRequested() || !TrainEpoch(epoch)) return Finish("interrupted");
    if (Evaluating(epoch) && !EvaluateEpoch(epoch)) return Finish("interrupted");
    if (stopping_.ShouldStop()) {
      log::Info("no better {} for {} evaluations: stopped after epoch {}", run.metric(), run.patience(),
                epoch);
      return Finish("stopped early");
    }
  }
  return Finish("completed");
}

bool TrainingJob::Evaluating(std::uint32_t epoch) const {
  const auto& run = settings_.run_settings();
  if (!inputs_.validation && !inputs_.test) return false;
  return epoch % run.evaluate_every() == 0 || epoch == run.epochs();
}

bool TrainingJob::TrainEpoch(std::uint32_t epoch) {
  const auto& run = settings_.run_settings();
  const double factor = scheduler::ScheduleFactor(ToSchedule(settings_.optimisation().lr_schedule()), epoch,
                                                  run.epochs(), settings_.optimisation().lr_final());
  const std::uint64_t expected = inputs_.data->num_interactions() * spec_.sampling.negatives_per_positive;
  const std::uint64_t before = cluster_->triples_done();
  progress_.Begin(fmt::format("epoch {}/{}", epoch, run.epochs()), expected,
                  expected * (run.epochs() - epoch));
  const EpochResult result = cluster_->RunEpoch(epoch, factor, [&] {
    if (StopRequested()) cluster_->Stop();
    progress_.Update(cluster_->triples_done() - before);
  });
  trained_ += result.total;
  train_seconds_ += result.seconds;
  if (!result.complete) return false;
  epochs_done_ = epoch;
  untrainable_ = result.total.untrainable;
  last_loss_ = result.total.loss / static_cast<double>(std::max<std::uint64_t>(1, result.total.triples));
  progress_.End(last_loss_);
  ordered_json fields = {{"epoch", epoch},
                         {"triples", result.total.triples},
                         {"triples_digest", fmt::format("{:016x}", result.total.digest)},
                         {"seconds", result.seconds},
                         {"triples_per_second", static_cast<double>(result.total.triples) / result.seconds},
                         {"loss", last_loss_},
                         {"lr", spec_.lr * factor}};
  AddClusterReport(fields, result.total);
  Record("epoch", std::move(fields));
  return true;
}

void TrainingJob::TrainTriples() {
  const std::vector<Triple> triples = ReadTriples(settings_.run_settings().triples(), inputs_.dataset);
  progress_.Begin("triples", triples.size());
  const EpochResult result = cluster_->RunTriples(triples, [&] {
    if (StopRequested()) cluster_->Stop();
    progress_.Update(cluster_->triples_done());
  });
  trained_ = result.total;
  train_seconds_ = result.seconds;
  last_loss_ = result.total.loss / static_cast<double>(std::max<std::uint64_t>(1, trained_.triples));
  if (result.complete) progress_.End(last_loss_);
}

void TrainingJob::Rest() {
  train_seconds_ += cluster_->Rest();
}

std::optional<TrainingJob::Evaluation> TrainingJob::Measure(const worker::EvaluationTask& task,
                                                            data::Split split) {
  const worker::EvaluationResult result = cluster_->Evaluate(task, split);
  if (!result.complete) return std::nullopt;
  evaluation_seconds_ += result.seconds;
  eval::MeanMetrics metrics;
  for (std::size_t n = 0; n < task.size(); ++n) {
    const std::span<const std::uint32_t> ranks(result.ranks);
    metrics.Add(eval::MetricsOf(ranks.subspan(task.users[n].first_target, task.Targets(n).size())));
  }
  const eval::UserMetrics mean = metrics.Mean();
  return Evaluation{ToJson(mean), eval::MetricOf(mean, settings_.run_settings().metric())};
}

bool TrainingJob::EvaluateEpoch(std::uint32_t epoch) {
  Rest();
  const std::string& metric = settings_.run_settings().metric();
  if (inputs_.test) {
    const auto test = Measure(*inputs_.test, data::Split::kTest);
    if (!test) return false;
    log::Info("epoch {}: test {} {:.4f}", epoch, metric, test->chosen);
    Record(
        "evaluation",
        {{"epoch", epoch}, {"split", "test"}, {"train_seconds", train_seconds_}, {"metrics", test->metrics}});
  }
  if (!inputs_.validation) return true;
  const auto evaluation = Measure(*inputs_.validation, data::Split::kValidation);
  if (!evaluation) return false;
  const bool best = stopping_.Note(epoch, evaluation->chosen);
  log::Info("epoch {}: validation {} {:.4f}{}", epoch, metric, evaluation->chosen,
            best ? ", the best so far" : "");
  Record("evaluation", {{"epoch", epoch},
                        {"split", "validation"},
                        {"train_seconds", train_seconds_},
                        {"best", best},
                        {"metrics", evaluation->metrics}});
  if (!best) return true;
  best_metrics_ = evaluation->metrics;
  cluster_->WriteModel(staged_.path());
  return true;
}

ordered_json TrainingJob::Provenance() const {
  ordered_json provenance = {
      {"data", std::filesystem::absolute(inputs_.dataset.path()).lexically_normal().string()},
      {"data_fingerprint", inputs_.dataset.Fingerprint()},
      {"epochs", epochs_done_},
      {"model_of_epoch", stopping_.HasBest() ? stopping_.best_epoch() : epochs_done_},
      {"triples", trained_.triples},
      {"loss", last_loss_}};
  provenance["triples_digest"] = fmt::format("{:016x}", trained_.digest);
  provenance.update(layout_);
  return provenance;
}

JobResult TrainingJob::Finish(const std::string& status) {
  Rest();
  if (!stopping_.HasBest()) cluster_->WriteModel(staged_.path());
  ordered_json details = {{"settings", config::SettingsToJson(settings_)}, {"provenance", Provenance()}};
  details["provenance"]["status"] = status;
  if (!best_metrics_.is_null()) details["metrics"] = {{"validation", best_metrics_}};
  model::CompleteModel(staged_.path(), spec_.model, inputs_.dataset.path() / "users.tsv",
                       inputs_.dataset.path() / "items.tsv", details);
  staged_.Commit();

  JobResult result;
  result.status = status;
  result.summary = {{"status", status},
                    {"model", settings_.run_settings().out()},
                    {"epochs", epochs_done_},
                    {"model_of_epoch", details["provenance"]["model_of_epoch"]},
                    {"triples", trained_.triples},
                    {"untrainable_positives", untrainable_},
                    {"loss", last_loss_},
                    {"train_seconds", train_seconds_},
                    {"evaluation_seconds", evaluation_seconds_},
                    {"triples_per_second",
                     train_seconds_ > 0 ? static_cast<double>(trained_.triples) / train_seconds_ : 0.0},
                    {"peak_memory_bytes", cluster_->PeakMemory()}};
  AddClusterReport(result.summary, trained_);
  if (const auto changes = cluster_->Changes(); changes && changes->any()) {
    result.summary["processes"] = ToJson(*changes);
  }
  if (!best_metrics_.is_null()) result.summary["validation"] = best_metrics_;
  Record("end", result.summary);
  return result;
}

void TrainingJob::AddClusterReport(ordered_json& fields, const scheduler::LeaseReport& trained) const {
  if (const auto counters = cluster_->Counters()) {
    fields["traffic"] = TrafficJson(*counters, trained_, ps::ModelStore::ItemBytes(spec_));
  }
  if (trained.staleness.clocks.total() > 0) fields["staleness"] = ToJson(trained.staleness);
}

void TrainingJob::Record(const std::string& event, ordered_json fields) {
  if (metrics_log_) metrics_log_->Write(event, fields);
}

}  // namespace attune::launch
