#include "launch/training_job.h"

#include <fmt/core.h>

#include <utility>

#include "common/config/settings_json.h"
#include "common/error.h"
#include "common/eval/metrics.h"
#include "common/log.h"
#include "common/model/model_files.h"
#include "common/run/format.h"
#include "common/run/version.h"
#include "launch/checkpoint/checkpoint_files.h"
#include "launch/checkpoint/loaded_checkpoint.h"
#include "launch/cluster/roles.h"
#include "launch/cluster_report.h"
#include "launch/metrics_json.h"
#include "launch/model_change.h"
#include "launch/signals.h"
#include "launch/training_settings.h"
#include "launch/triples_file.h"
#include "ps/model_store.h"

namespace attune::launch {
using nlohmann::ordered_json;

namespace {

/// Between two of so many a round trip in which nobody trains is nothing.
constexpr std::size_t kMostEpochsAhead = 64;

}  // namespace

TrainingJob::TrainingJob(const config::TrainSettings& settings, const TrainingSpec& spec,
                         const TrainingInputs& inputs, ordered_json layout, StatusBoard& status)
    : settings_(settings),
      spec_(spec),
      inputs_(inputs),
      layout_(std::move(layout)),
      staged_(settings.run_settings().out(), settings.run_settings().overwrite(), {model::kModelKind}),
      status_(status),
      progress_("triples"),
      stopping_(settings.run_settings().patience()) {
  const auto& run = settings_.run_settings();
  if (!run.has_run()) return;
  metrics_log_ = std::make_unique<MetricsLog>(run.run());
  if (!run.has_triples()) checkpoints_ = std::make_unique<CheckpointKeeper>(run);
  log::AddFile((std::filesystem::path(run.run()) / "log").string());
}

TrainingJob::~TrainingJob() = default;

void TrainingJob::SetLives(const Lives& lives, std::function<void(std::uint64_t triples)> note) {
  lives_ = lives;
  status_.SetLives(lives.ended, lives.triples_lost);
  note_ = std::move(note);
}

JobResult TrainingJob::Run(Cluster& cluster) {
  cluster_ = &cluster;
  ordered_json start = {{"version", Version()}};
  start.update(layout_);
  start["settings"] = config::SettingsToJson(settings_);
  if (const std::string page = status_.page(); !page.empty()) start["status_page"] = page;
  Record("start", start);
  cluster_->SetOtherTick([this] { LookAround(); });
  status_.SetPhase(Phase::kTraining);
  if (settings_.run_settings().has_triples()) {
    TrainTriples();
    return Finish(cluster_->stopped() ? "interrupted" : "completed");
  }
  if (settings_.run_settings().has_resume()) TakeUp();
  const std::string status = RunEpochs();
  if (checkpoints_) NoteCheckpoint(checkpoints_->Finish(*cluster_));
  // Slices that were cut short have changed rows, and would be trained again.
  if (checkpoints_ && status == "interrupted" && !cluster_->stopped()) {
    const InPhase writes(status_, Phase::kCheckpointing);
    Rest();
    BeginCheckpoint("told to end", so_far_.epochs_done + 1);
    NoteCheckpoint(checkpoints_->Finish(*cluster_));
  }
  for (const auto& [slice, report] : done_) so_far_.trained += report;
  return Finish(status);
}

/// As the checkpoint has left off; rows are as it has them already.
void TrainingJob::TakeUp() {
  const std::filesystem::path checkpoint(settings_.run_settings().resume());
  const ordered_json manifest = ReadCheckpointManifest(checkpoint);
  try {
    so_far_ = ProgressFromJson(manifest.at("job"), stopping_);
    done_ = DoneFromJson(manifest.at("epoch").at("done"));
  } catch (const nlohmann::json::exception& error) {
    ThrowBadInput("{}: {}", (checkpoint / "manifest.json").string(), error.what());
  }
  for (const auto& [slice, report] : done_) {
    const auto slices = inputs_.data->slices();
    if (slice >= slices.size() || report.positives + report.untrainable != slices[slice].items.size() ||
        report.triples != report.positives * spec_.sampling.negatives_per_positive) {
      ThrowBadInput("{}: what it says of slice {} does not fit the data", checkpoint.string(), slice);
    }
  }
  ++so_far_.resumed;
  seconds_before_ = so_far_.train_seconds;
  if (stopping_.HasBest()) {
    std::filesystem::copy(
        checkpoint / "best", staged_.path(),
        std::filesystem::copy_options::recursive | std::filesystem::copy_options::overwrite_existing);
  }
  log::Info("goes on from {}: {} epochs done, {} of {} slices of the next", checkpoint.string(),
            so_far_.epochs_done, done_.size(), inputs_.data->slices().size());
  Record(
      "resume",
      {{"checkpoint", checkpoint.string()}, {"epochs", so_far_.epochs_done}, {"slices_done", done_.size()}});
}

/// @returns how the run ended
std::string TrainingJob::RunEpochs() {
  const auto& run = settings_.run_settings();
  while (true) {
    if (checkpoints_) NoteCheckpoint(checkpoints_->Poll(*cluster_));
    if (!so_far_.evaluated) {
      if (!EvaluateEpoch(so_far_.epochs_done)) return "interrupted";
      so_far_.evaluated = true;
    }
    const std::uint32_t epoch = so_far_.epochs_done + 1;
    if (stopping_.ShouldStop()) {
      log::Info("no better {} for {} evaluations: stopped after epoch {}", run.metric(), run.patience(),
                so_far_.epochs_done);
      return "stopped early";
    }
    if (epoch > run.epochs()) return "completed";
    if (!goes_on_ && StopRequested()) return "interrupted";
    if (!goes_on_ && trained_here_ && done_.empty() && checkpoints_ &&
        checkpoints_->DueAfterEpoch(so_far_.epochs_done)) {
      Rest();
      BeginCheckpoint("due", epoch);
    }
    if (!TrainEpoch(epoch)) return "interrupted";
  }
}

bool TrainingJob::Evaluating(std::uint32_t epoch) const {
  const auto& run = settings_.run_settings();
  if (!inputs_.validation && !inputs_.test) return false;
  return epoch % run.evaluate_every() == 0 || epoch == run.epochs();
}

double TrainingJob::RateFactor(std::uint32_t epoch) const {
  return scheduler::ScheduleFactor(ToSchedule(settings_.optimisation().lr_schedule()), epoch,
                                   settings_.run_settings().epochs(), settings_.optimisation().lr_final());
}

/// Of the epochs that follow this one without evaluation or checkpoint between, as far as workers may be
/// ahead of what is recorded. What a signal or the time asks for pauses them.
std::vector<double> TrainingJob::RateFactorsAfter(std::uint32_t epoch) const {
  std::vector<double> factors;
  if (goes_on_) return factors;  // workers have them
  while (factors.size() < kMostEpochsAhead && epoch < settings_.run_settings().epochs() &&
         !Evaluating(epoch) && !(checkpoints_ && checkpoints_->WantedAfterEpoch(epoch))) {
    factors.push_back(RateFactor(++epoch));
  }
  return factors;
}

bool TrainingJob::TrainEpoch(std::uint32_t epoch) {
  const auto& run = settings_.run_settings();
  const double factor = RateFactor(epoch);
  const std::uint64_t expected = inputs_.data->num_interactions() * spec_.sampling.negatives_per_positive;
  std::uint64_t trained_before = 0;
  for (const auto& [slice, report] : done_) trained_before += report.triples;
  const std::uint64_t before = cluster_->triples_done() - trained_before;
  progress_.Begin(fmt::format("epoch {}/{}", epoch, run.epochs()), expected,
                  expected * (run.epochs() - epoch));
  double seconds = 0;
  pause_wanted_.reset();
  while (true) {
    EpochResult result = cluster_->RunEpoch(
        epoch, factor, [&] { Tick(before); }, done_, RateFactorsAfter(epoch));
    seconds += result.seconds;
    done_ = std::move(result.done);
    goes_on_ = result.goes_on;
    if (result.complete) {
      done_.clear();
      FinishEpoch(epoch, result, factor, seconds, result.total.triples - trained_before);
      return true;
    }
    if (StopRequested()) {
      so_far_.train_seconds += seconds;
      so_far_.trained += result.next;
      return false;
    }
    Rest();
    BeginCheckpoint("due", epoch);
  }
}

void TrainingJob::Tick(std::uint64_t before) {
  const std::uint64_t of_epoch = cluster_->triples_done() - before;
  progress_.Update(of_epoch);
  status_.SetProgress(progress_.State(), so_far_.trained.triples + of_epoch);
  LookAround();
  if (note_) note_(so_far_.trained.triples + of_epoch);
  if (checkpoints_) NoteCheckpoint(checkpoints_->Poll(*cluster_));
  if (!StopRequested()) {
    if (checkpoints_ && PausesInEpoch() && checkpoints_->DueByTime()) Pause();
    return;
  }
  const auto now = std::chrono::steady_clock::now();
  if (!told_to_end_) told_to_end_ = now;
  const std::chrono::seconds grace(settings_.run_settings().grace());
  if (!checkpoints_ || now - *told_to_end_ >= grace) {
    if (checkpoints_ && !cluster_->stopped()) {
      log::Warning("slices were not finished within {} s: no checkpoint of the end is written",
                   grace.count());
    }
    cluster_->Stop();
  } else {
    Pause();
  }
}

void TrainingJob::LookAround() {
  const auto now = std::chrono::steady_clock::now();
  if (!status_.WantsSurvey(now)) return;
  status_.SetSurvey(cluster_->LookAround(), now);
  for (const std::string& news : cluster_->TakeNews()) Record("processes", {{"what", news}});
}

void TrainingJob::Pause() {
  if (!pause_wanted_) pause_wanted_ = std::chrono::steady_clock::now();
  cluster_->Pause();
}

/// Projections that age wait for the end of the epoch: to fold them earlier would change what is trained.
bool TrainingJob::PausesInEpoch() const {
  return !spec_.model.HasContent() || spec_.projection_refresh == 0;
}

void TrainingJob::FinishEpoch(std::uint32_t epoch, const EpochResult& result, double factor, double seconds,
                              std::uint64_t triples) {
  so_far_.trained += result.total;
  so_far_.train_seconds += seconds;
  so_far_.epochs_done = epoch;
  trained_here_ = true;
  so_far_.untrainable = result.total.untrainable;
  so_far_.last_loss =
      result.total.loss / static_cast<double>(std::max<std::uint64_t>(1, result.total.triples));
  so_far_.evaluated = !Evaluating(epoch);
  progress_.End(so_far_.last_loss);
  status_.SetProgress(progress_.State(), so_far_.trained.triples);
  ordered_json fields = {{"epoch", epoch},
                         {"triples", result.total.triples},
                         {"triples_digest", fmt::format("{:016x}", result.total.digest)},
                         {"seconds", seconds},
                         {"triples_per_second", static_cast<double>(triples) / seconds},
                         {"loss", so_far_.last_loss},
                         {"lr", spec_.lr * factor},
                         {"triples_total", so_far_.trained.triples},
                         {"train_seconds", so_far_.train_seconds}};
  AddClusterReport(fields, result.total);
  Record("epoch", std::move(fields));
  LookAround();  // an epoch may be over before its first tick
}

ordered_json TrainingJob::CheckpointState(const char* reason, std::uint32_t epoch) const {
  const Cluster::RecordFloats records = cluster_->Records();
  return {{"kind", kCheckpointKind},
          {"format_version", kCheckpointVersion},
          {"created_by", fmt::format("attune {}", Version())},
          {"created", FormatUtc(std::chrono::system_clock::now())},
          {"reason", reason},
          {"number", 0},
          {"epoch", {{"number", epoch}, {"done", DoneToJson(done_)}}},
          {"job", ToJson(so_far_, stopping_)},
          {"data",
           {{"path", std::filesystem::absolute(inputs_.dataset.path()).lexically_normal().string()},
            {"fingerprint", inputs_.dataset.Fingerprint()}}},
          {"records",
           {{"users", inputs_.dataset.num_users()},
            {"items", inputs_.dataset.num_items()},
            {"user_floats", records.users},
            {"item_floats", records.items}}},
          {"layout", layout_},
          {"settings", config::SettingsToJson(settings_)},
          {"settings_text", ToText(settings_)}};
}

void TrainingJob::BeginCheckpoint(const char* reason, std::uint32_t epoch) {
  const auto began = std::chrono::steady_clock::now();
  const std::chrono::duration<double> rest = began - std::exchange(pause_wanted_, {}).value_or(began);
  checkpoints_->Begin(*cluster_, CheckpointState(reason, epoch), stopping_.HasBest() ? staged_.path() : "");
  const std::chrono::duration<double> copy = std::chrono::steady_clock::now() - began;
  Record("snapshot", {{"epoch", epoch},
                      {"slices_done", done_.size()},
                      {"rest_seconds", rest.count()},
                      {"copy_seconds", copy.count()}});
}

void TrainingJob::NoteCheckpoint(const std::optional<CheckpointKeeper::Outcome>& outcome) {
  if (!outcome) return;
  ordered_json fields = {{"number", outcome->number}, {"path", outcome->path}, {"seconds", outcome->seconds}};
  if (outcome->failure.empty()) {
    ++so_far_.checkpoints;
    fields["bytes"] = outcome->bytes;
    log::Info("checkpoint {}: {} in {}", outcome->path, FormatBytes(outcome->bytes),
              FormatDuration(outcome->seconds));
  } else {
    ++failed_checkpoints_;
    fields["failure"] = outcome->failure;
    log::Warning("checkpoint {} was not written: {}; training goes on, and the one before stays",
                 outcome->path, outcome->failure);
  }
  Record("checkpoint", std::move(fields));
}

void TrainingJob::TrainTriples() {
  const std::vector<Triple> triples = ReadTriples(settings_.run_settings().triples(), inputs_.dataset);
  progress_.Begin("triples", triples.size());
  const EpochResult result = cluster_->RunTriples(triples, [&] {
    if (StopRequested()) cluster_->Stop();
    progress_.Update(cluster_->triples_done());
    status_.SetProgress(progress_.State(), cluster_->triples_done());
    LookAround();
  });
  so_far_.trained = result.total;
  so_far_.train_seconds = result.seconds;
  so_far_.last_loss =
      result.total.loss / static_cast<double>(std::max<std::uint64_t>(1, so_far_.trained.triples));
  if (result.complete) progress_.End(so_far_.last_loss);
}

void TrainingJob::Rest() {
  so_far_.train_seconds += cluster_->Rest();
}

std::optional<TrainingJob::Evaluation> TrainingJob::Measure(const worker::EvaluationTask& task,
                                                            data::Split split) {
  const worker::EvaluationResult result = cluster_->Evaluate(task, split);
  if (!result.complete) return std::nullopt;
  so_far_.evaluation_seconds += result.seconds;
  const eval::UserMetrics mean = MeanOf(task, result.ranks);
  return Evaluation{ToJson(mean), eval::MetricOf(mean, settings_.run_settings().metric())};
}

bool TrainingJob::EvaluateEpoch(std::uint32_t epoch) {
  const InPhase evaluates(status_, Phase::kEvaluating);
  Rest();
  const std::string& metric = settings_.run_settings().metric();
  if (inputs_.test) {
    const auto test = Measure(*inputs_.test, data::Split::kTest);
    if (!test) return false;
    log::Info("epoch {}: test {} {:.4f}", epoch, metric, test->chosen);
    Record("evaluation", {{"epoch", epoch},
                          {"split", "test"},
                          {"train_seconds", so_far_.train_seconds},
                          {"metrics", test->metrics}});
  }
  if (!inputs_.validation) return true;
  const auto evaluation = Measure(*inputs_.validation, data::Split::kValidation);
  if (!evaluation) return false;
  const bool best = stopping_.Note(epoch, evaluation->chosen);
  log::Info("epoch {}: validation {} {:.4f}{}", epoch, metric, evaluation->chosen,
            best ? ", the best so far" : "");
  Record("evaluation", {{"epoch", epoch},
                        {"split", "validation"},
                        {"train_seconds", so_far_.train_seconds},
                        {"best", best},
                        {"metrics", evaluation->metrics}});
  if (!best) return true;
  so_far_.best_metrics = evaluation->metrics;
  cluster_->WriteModel(staged_.path());
  return true;
}

void TrainingJob::AddCheckpointReport(ordered_json& summary) const {
  if (so_far_.resumed > 0) summary["resumed"] = so_far_.resumed;
  if (lives_.ended > 0) {
    summary["lives"] = {{"ended", lives_.ended}, {"triples_lost", lives_.triples_lost}};
  }
  if (!checkpoints_) return;
  summary["checkpoints"] = {{"written", so_far_.checkpoints}, {"failed", failed_checkpoints_}};
  const auto numbers = CheckpointNumbers(settings_.run_settings().run());
  if (!numbers.empty()) {
    summary["checkpoints"]["newest"] =
        CheckpointPath(settings_.run_settings().run(), numbers.back()).string();
  }
}

ordered_json TrainingJob::Provenance() const {
  ordered_json provenance = {
      {"data", std::filesystem::absolute(inputs_.dataset.path()).lexically_normal().string()},
      {"data_fingerprint", inputs_.dataset.Fingerprint()},
      {"epochs", so_far_.epochs_done},
      {"model_of_epoch", stopping_.HasBest() ? stopping_.best_epoch() : so_far_.epochs_done},
      {"triples", so_far_.trained.triples},
      {"loss", so_far_.last_loss}};
  provenance["triples_digest"] = fmt::format("{:016x}", so_far_.trained.digest);
  provenance.update(layout_);
  return provenance;
}

JobResult TrainingJob::Finish(const std::string& status) {
  status_.SetPhase(Phase::kWriting);
  Rest();
  if (!stopping_.HasBest()) cluster_->WriteModel(staged_.path());
  ordered_json details = {{"settings", config::SettingsToJson(settings_)}, {"provenance", Provenance()}};
  details["provenance"]["status"] = status;
  if (!so_far_.best_metrics.is_null()) details["metrics"] = {{"validation", so_far_.best_metrics}};
  model::CompleteModel(staged_.path(), model::SpecToJson(spec_.model), inputs_.dataset.path() / "users.tsv",
                       inputs_.dataset.path() / "items.tsv", details);
  staged_.Commit();

  JobResult result;
  result.status = status;
  result.summary = {
      {"status", status},
      {"model", settings_.run_settings().out()},
      {"epochs", so_far_.epochs_done},
      {"model_of_epoch", details["provenance"]["model_of_epoch"]},
      {"triples", so_far_.trained.triples},
      {"untrainable_positives", so_far_.untrainable},
      {"loss", so_far_.last_loss},
      {"train_seconds", so_far_.train_seconds},
      {"evaluation_seconds", so_far_.evaluation_seconds},
      {"triples_per_second", so_far_.train_seconds > 0
                                 ? static_cast<double>(so_far_.trained.triples) / so_far_.train_seconds
                                 : 0.0},
      {"peak_memory_bytes", cluster_->PeakMemory()}};
  AddClusterReport(result.summary, so_far_.trained);
  AddSteps(result.summary);
  AddCheckpointReport(result.summary);
  if (const auto changes = cluster_->Changes(); changes && changes->any()) {
    result.summary["processes"] = ToJson(*changes);
  }
  if (!so_far_.best_metrics.is_null()) result.summary["validation"] = so_far_.best_metrics;
  AddModelChange(result.summary);
  Record("end", result.summary);
  status_.SetPhase(Phase::kEnded);
  return result;
}

/// Of what was trained since the run began or was taken up.
void TrainingJob::AddSteps(ordered_json& summary) const {
  const StepTimes& steps = so_far_.trained.steps;
  if (steps.triples == 0) return;
  const auto changes = cluster_->Changes();
  std::optional<double> thread_seconds;
  if (!changes || !changes->any()) {
    thread_seconds = static_cast<double>(cluster_->Workers()) * (so_far_.train_seconds - seconds_before_);
  }
  summary["steps"] = StepsJson(steps, thread_seconds);
}

void TrainingJob::AddClusterReport(ordered_json& fields, const scheduler::LeaseReport& trained) const {
  if (const auto counters = cluster_->Counters()) {
    fields["traffic"] = TrafficJson(*counters, trained, ps::ModelStore::ItemBytes(spec_));
  }
  if (trained.staleness.clocks.total() > 0) fields["staleness"] = ToJson(trained.staleness);
}

/// The model is there: whatever keeps it from being compared is no reason to fail.
void TrainingJob::AddModelChange(ordered_json& summary) const {
  const auto& run = settings_.run_settings();
  if (!run.has_init_from()) return;
  try {
    summary["init_from"] = ModelChange(model::LoadedModel(run.init_from()), model::LoadedModel(run.out()));
  } catch (const Error& error) {
    log::Warning("what changed since {} is not known: {}", run.init_from(), error.what());
  }
}

void TrainingJob::Record(const std::string& event, ordered_json fields) {
  const ordered_json record = RecordOf(event, fields);
  status_.Note(record);
  if (metrics_log_) metrics_log_->WriteRecord(record);
}

}  // namespace attune::launch
