#include "launch/status/status_metrics.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <sstream>
#include <vector>

#include "common/error.h"
#include "common/run/version.h"
#include "launch/status/record_field.h"

namespace attune::launch {
namespace {

using prometheus::ClientMetric;
using Labels = std::vector<ClientMetric::Label>;

constexpr std::array kMetrics = {
    MetricDescription{"attune_build_info", "Always 1; the label says which version runs.", false},
    MetricDescription{"attune_phase", "1 for what the run does now, 0 for what it does not.", false},
    MetricDescription{"attune_job_quiet_seconds", "Time since the job has said anything.", false},
    MetricDescription{"attune_epochs", "Most epochs that the run trains.", false},
    MetricDescription{"attune_epochs_done", "Epochs that are complete.", false},
    MetricDescription{"attune_epoch_fraction", "Share of the epoch under way that is trained, 0 to 1.",
                      false},
    MetricDescription{"attune_seconds_left",
                      "Time that the epochs that are left will take at the rate of now.", false},
    MetricDescription{"attune_train_seconds", "Time in which epochs were trained, since the run began.",
                      false},
    MetricDescription{"attune_triples_trained", "Triples that the model was trained with.", false},
    MetricDescription{"attune_triples_per_second", "Triples of all processes over the last ten seconds.",
                      false},
    MetricDescription{"attune_loss", "Mean loss of the newest epoch that is complete, in nats.", false},
    MetricDescription{"attune_learning_rate", "Learning rate of the newest epoch that is complete.", false},
    MetricDescription{"attune_hit_rate", "HR@k of the newest evaluation, by split.", false},
    MetricDescription{"attune_ndcg", "NDCG@k of the newest evaluation, by split.", false},
    MetricDescription{"attune_best_epoch", "Epoch of the model that is the best on validation.", false},
    MetricDescription{"attune_best_value", "Its value of the metric that chooses.", false},
    MetricDescription{"attune_process_up", "1 for a process that is there, 0 for one that has left or died.",
                      false},
    MetricDescription{"attune_process_silent_seconds", "Time since a process was heard.", false},
    MetricDescription{"attune_process_triples_total", "Triples that a process has trained since it began.",
                      true},
    MetricDescription{"attune_process_triples_per_second", "The same over the last ten seconds.", false},
    MetricDescription{"attune_process_leases", "Leases that a process has.", false},
    MetricDescription{"attune_process_memory_bytes", "Memory of a process alone, at most.", false},
    MetricDescription{"attune_memory_bytes", "Memory of all processes, with what hosts share, at most.",
                      false},
    MetricDescription{"attune_leases", "Leases of the round under way: waiting, out, done.", false},
    MetricDescription{"attune_staleness_batches", "How old rows were that batches read; quantiles.", false},
    MetricDescription{"attune_staleness_seconds", "The same in time.", false},
    MetricDescription{"attune_sync_sent_bytes_total", "Sent between processes.", true},
    MetricDescription{"attune_sync_received_bytes_total", "Received between processes.", true},
    MetricDescription{"attune_sync_rows_sent_total", "Rows whose changes their owners have taken.", true},
    MetricDescription{"attune_sync_rows_damped_total",
                      "Rows that moved to and fro, whose changes were sent in part.", true},
    MetricDescription{"attune_sync_rows_applied_total", "Rows whose changes owners have applied.", true},
    MetricDescription{"attune_sync_rows_received_total", "Rows that came from their owners.", true},
    MetricDescription{"attune_messages_refused_total", "Messages between processes that made no sense.",
                      true},
    MetricDescription{"attune_messages_ignored_total",
                      "Messages of processes that had ended or were replaced.", true},
    MetricDescription{"attune_connections_refused_total", "Connections of strangers.", true},
    MetricDescription{"attune_processes_joined_total", "Processes that joined when the job had begun.", true},
    MetricDescription{"attune_processes_left_total", "Processes that left as agreed.", true},
    MetricDescription{"attune_processes_died_total", "Processes that died.", true},
    MetricDescription{"attune_leases_repeated_total", "Leases that were handed out again.", true},
    MetricDescription{"attune_slices_lost_total", "Slices whose rows of users were lost with a host.", true},
    MetricDescription{"attune_lives_ended_total", "Lives of the job that ended early.", true},
    MetricDescription{"attune_triples_lost_total", "Triples that were trained again in a later life.", true},
    MetricDescription{"attune_checkpoints_written_total", "Checkpoints that are complete.", true},
    MetricDescription{"attune_checkpoints_failed_total", "Checkpoints that could not be written.", true},
    MetricDescription{"attune_checkpoint_age_seconds", "Time since the newest checkpoint was complete.",
                      false},
    MetricDescription{"attune_checkpoint_size_bytes", "Of the newest checkpoint.", false},
    MetricDescription{"attune_checkpoint_write_seconds", "From the copy of its rows until it was on disk.",
                      false},
    MetricDescription{"attune_checkpoint_rest_seconds",
                      "Wait of training until slices under way had ended for it.", false},
    MetricDescription{"attune_checkpoint_copy_seconds", "Time that training stood still for its copy.",
                      false},
    MetricDescription{"attune_status_requests_total", "Requests that this endpoint has answered.", true},
    MetricDescription{"attune_status_refused_total", "Requests that it has refused.", true},
};

class Families {
 public:
  void Add(const char* name, double value, Labels labels = {}) {
    const auto description =
        std::find_if(kMetrics.begin(), kMetrics.end(),
                     [&](const MetricDescription& one) { return std::string_view(one.name) == name; });
    ATTUNE_CHECK(description != kMetrics.end());
    if (families_.empty() || families_.back().name != name) {
      families_.push_back(
          {name,
           description->help,
           description->counts ? prometheus::MetricType::Counter : prometheus::MetricType::Gauge,
           {}});
    }
    ClientMetric metric;
    metric.label = std::move(labels);
    (description->counts ? metric.counter.value : metric.gauge.value) = value;
    families_.back().metric.push_back(std::move(metric));
  }
  void Add(const char* name, std::uint64_t value, Labels labels = {}) {
    Add(name, static_cast<double>(value), std::move(labels));
  }
  void AddKnown(const char* name, const std::optional<double>& value, Labels labels = {}) {
    if (value && std::isfinite(*value)) Add(name, *value, std::move(labels));
  }

  std::string Text() const {
    std::ostringstream text;
    prometheus::TextSerializer().Serialize(text, families_);
    return std::move(text).str();
  }

 private:
  std::vector<prometheus::MetricFamily> families_;
};

void AddRun(const JobStatus& status, Families& families) {
  const RunHistory& history = *status.history;
  families.Add("attune_build_info", 1.0, {{"version", Version()}});
  for (const Phase phase : {Phase::kStarting, Phase::kTraining, Phase::kEvaluating, Phase::kCheckpointing,
                            Phase::kWriting, Phase::kEnded})
    families.Add("attune_phase", status.phase == phase ? 1.0 : 0.0, {{"phase", std::string(NameOf(phase))}});
  if (status.live) families.Add("attune_job_quiet_seconds", status.live->age_seconds);
  const auto epochs = history.Setting("epochs");
  if (epochs.is_number()) families.Add("attune_epochs", epochs.get<double>());
  families.Add("attune_epochs_done", std::uint64_t{history.epochs_done});
  if (status.live && status.live->progress) {
    families.Add("attune_epoch_fraction", status.live->progress->fraction);
    families.AddKnown("attune_seconds_left", status.live->progress->seconds_left);
  }
  families.Add("attune_train_seconds", history.train_seconds);
  families.Add("attune_triples_trained", status.Triples());
  if (status.live) families.AddKnown("attune_triples_per_second", status.live->triples_per_second);
  if (const auto& epoch = status.NewestEpoch()) {
    families.AddKnown("attune_loss", epoch->loss);
    families.AddKnown("attune_learning_rate", epoch->lr);
  }
}

void AddMetric(const RunHistory& history, const char* name, const std::string& prefix, Families& families) {
  for (const auto& [split, measured] : history.measured) {
    if (!measured.metrics.is_object()) continue;
    for (const auto& [metric, value] : measured.metrics.items()) {
      if (metric.starts_with(prefix) && value.is_number())
        families.AddKnown(name, value.get<double>(), {{"split", split}, {"k", metric.substr(prefix.size())}});
    }
  }
}

void AddQuality(const RunHistory& history, Families& families) {
  AddMetric(history, "attune_hit_rate", "hr@", families);
  AddMetric(history, "attune_ndcg", "ndcg@", families);
  if (!history.best) return;
  const auto metric = history.Setting("metric");
  families.Add("attune_best_epoch", std::uint64_t{history.best->epoch});
  families.Add("attune_best_value", history.best->value,
               {{"metric", metric.is_string() ? metric.get<std::string>() : ""}});
}

void AddProcesses(const JobStatus::Live& live, Families& families) {
  using State = scheduler::Survey::State;
  const auto each = [&](const char* name, const auto& value) {
    for (const JobStatus::Process& process : live.processes) {
      families.AddKnown(name, value(process),
                        {{"node", std::to_string(process.what.node)}, {"where", process.what.where}});
    }
  };
  using Number = std::optional<double>;
  const auto of = [](std::uint64_t count) { return Number(static_cast<double>(count)); };
  const auto is_there = [](const JobStatus::Process& one) {
    return one.what.state == State::kThere || one.what.state == State::kLeaving;
  };
  each("attune_process_up", [&](const auto& one) { return Number(is_there(one) ? 1 : 0); });
  each("attune_process_silent_seconds",
       [&](const auto& one) { return is_there(one) ? Number(one.what.silent_seconds) : Number(); });
  each("attune_process_triples_total", [&](const auto& one) { return of(one.what.triples); });
  each("attune_process_triples_per_second", [](const auto& one) { return one.triples_per_second; });
  each("attune_process_leases", [&](const auto& one) { return of(one.what.leases); });
  each("attune_process_memory_bytes", [&](const auto& one) { return of(one.what.memory); });
}

void AddStaleness(const char* name, const PowerHistogram& histogram, double unit, Families& families) {
  if (histogram.total() == 0) return;
  families.Add(name, static_cast<double>(histogram.Quantile(0.5)) * unit, {{"quantile", "0.5"}});
  families.Add(name, static_cast<double>(histogram.Quantile(0.99)) * unit, {{"quantile", "0.99"}});
  families.Add(name, static_cast<double>(histogram.max()) * unit, {{"quantile", "1"}});
}

void AddSurvey(const scheduler::Survey& survey, Families& families) {
  const wire::NodeCounters& counters = survey.counters;
  families.Add("attune_memory_bytes", counters.private_memory + counters.shared_memory);
  const std::size_t begun = survey.leases_done + survey.leases_out;
  families.Add("attune_leases", std::uint64_t{survey.leases - std::min(survey.leases, begun)},
               {{"state", "waiting"}});
  families.Add("attune_leases", std::uint64_t{survey.leases_out}, {{"state", "out"}});
  families.Add("attune_leases", std::uint64_t{survey.leases_done}, {{"state", "done"}});
  constexpr double kMillisecond = 1e-3;
  AddStaleness("attune_staleness_batches", survey.staleness.clocks, 1, families);
  AddStaleness("attune_staleness_seconds", survey.staleness.milliseconds, kMillisecond, families);
  families.Add("attune_sync_sent_bytes_total", counters.bytes_sent);
  families.Add("attune_sync_received_bytes_total", counters.bytes_received);
  families.Add("attune_sync_rows_sent_total", counters.rows_sent);
  families.Add("attune_sync_rows_damped_total", counters.rows_damped);
  families.Add("attune_sync_rows_applied_total", counters.rows_applied);
  families.Add("attune_sync_rows_received_total", counters.rows_received);
  families.Add("attune_messages_refused_total", counters.refused);
  families.Add("attune_messages_ignored_total", survey.changes.ignored);
  families.Add("attune_connections_refused_total", counters.refused_connections);
  families.Add("attune_processes_joined_total", survey.changes.joined);
  families.Add("attune_processes_left_total", survey.changes.left);
  families.Add("attune_processes_died_total", survey.changes.died);
  families.Add("attune_leases_repeated_total", survey.changes.repeated_leases);
  families.Add("attune_slices_lost_total", survey.changes.lost_slices);
}

void AddCheckpoints(const JobStatus& status, Families& families) {
  const RunHistory::Checkpoints& checkpoints = status.history->checkpoints;
  families.Add("attune_checkpoints_written_total", checkpoints.written);
  families.Add("attune_checkpoints_failed_total", checkpoints.failed);
  const auto age = status.CheckpointAge();
  if (!age) return;
  families.Add("attune_checkpoint_age_seconds", *age);
  families.Add("attune_checkpoint_size_bytes", checkpoints.bytes);
  families.Add("attune_checkpoint_write_seconds", checkpoints.seconds);
  families.Add("attune_checkpoint_rest_seconds", checkpoints.rest_seconds);
  families.Add("attune_checkpoint_copy_seconds", checkpoints.copy_seconds);
}

}  // namespace

std::span<const MetricDescription> Metrics() {
  return kMetrics;
}

std::string MetricsText(const JobStatus& status, const EndpointCounters& endpoint) {
  Families families;
  AddRun(status, families);
  AddQuality(*status.history, families);
  if (status.live) AddProcesses(*status.live, families);
  if (status.live && status.live->survey) AddSurvey(*status.live->survey, families);
  families.Add("attune_lives_ended_total", status.lives_ended);
  families.Add("attune_triples_lost_total", status.triples_lost);
  AddCheckpoints(status, families);
  families.Add("attune_status_requests_total", endpoint.answered);
  families.Add("attune_status_refused_total", endpoint.refused);
  return families.Text();
}

}  // namespace attune::launch
