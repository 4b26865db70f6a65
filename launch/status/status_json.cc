#include "launch/status/status_json.h"

#include <cmath>
#include <string>

#include "launch/cluster_report.h"

namespace attune::launch {
namespace {

using nlohmann::ordered_json;

template <typename Value>
void Put(ordered_json& json, const char* name, const std::optional<Value>& value) {
  if (value) json[name] = *value;
}
void PutText(ordered_json& json, const char* name, const std::string& text) {
  if (!text.empty()) json[name] = text;
}
void PutKnown(ordered_json& json, const char* name, double number) {
  if (std::isfinite(number)) json[name] = number;
}

ordered_json ToJson(const EpochPoint& point) {
  ordered_json json = {{"epoch", point.epoch}};
  PutKnown(json, "loss", point.loss);
  PutKnown(json, "seconds", point.seconds);
  PutKnown(json, "triples_per_second", point.triples_per_second);
  PutKnown(json, "lr", point.lr);
  PutKnown(json, "stale_batches", point.stale_batches);
  return json;
}

ordered_json ToJson(const EvaluationPoint& point) {
  ordered_json json = {{"epoch", point.epoch}};
  PutKnown(json, "hr@10", point.hr_10);
  PutKnown(json, "ndcg@10", point.ndcg_10);
  PutKnown(json, "hr@100", point.hr_100);
  PutKnown(json, "ndcg@100", point.ndcg_100);
  return json;
}

ordered_json ToJson(const JobStatus::Process& process) {
  const scheduler::Survey::Process& what = process.what;
  ordered_json json = {
      {"node", what.node},     {"where", what.where},     {"state", NameOf(what.state)},
      {"works", what.works},   {"owns", what.owns},       {"silent_seconds", what.silent_seconds},
      {"leases", what.leases}, {"triples", what.triples}, {"memory_bytes", what.memory}};
  Put(json, "triples_per_second", process.triples_per_second);
  return json;
}

void PutLive(const JobStatus::Live& live, ordered_json& json) {
  json["age_seconds"] = live.age_seconds;
  if (live.progress) {
    json["progress"] = {{"label", live.progress->label}, {"fraction", live.progress->fraction}};
    Put(json["progress"], "triples_per_second", live.progress->rate);
    Put(json["progress"], "seconds_left", live.progress->seconds_left);
  }
  Put(json, "triples_per_second", live.triples_per_second);
  if (!live.survey) return;
  const scheduler::Survey& survey = *live.survey;
  json["leases"] = {{"total", survey.leases}, {"done", survey.leases_done}, {"out", survey.leases_out}};
  json["memory_bytes"] = survey.counters.private_memory + survey.counters.shared_memory;
  json["processes"] = ordered_json::array();
  for (const JobStatus::Process& process : live.processes) json["processes"].push_back(ToJson(process));
  if (survey.staleness.clocks.total() > 0) json["staleness"] = launch::ToJson(survey.staleness);
  if (survey.processes.size() < 2 && !survey.changes.any()) return;
  json["changes"] = launch::ToJson(survey.changes);
  json["traffic"] = {{"bytes_sent", survey.counters.bytes_sent},
                     {"bytes_received", survey.counters.bytes_received},
                     {"rows_sent", survey.counters.rows_sent},
                     {"rows_applied", survey.counters.rows_applied},
                     {"rows_damped", survey.counters.rows_damped},
                     {"rows_received", survey.counters.rows_received},
                     {"messages_refused", survey.counters.refused},
                     {"connections_refused", survey.counters.refused_connections}};
  Put(json["traffic"], "bytes_per_second", live.sync_bytes_per_second);
}

ordered_json CheckpointsJson(const JobStatus& status) {
  const RunHistory::Checkpoints& checkpoints = status.history->checkpoints;
  ordered_json json = {{"written", checkpoints.written}, {"failed", checkpoints.failed}};
  if (checkpoints.newest_time.empty()) return json;
  json["newest"] = {{"path", checkpoints.newest},
                    {"time", checkpoints.newest_time},
                    {"bytes", checkpoints.bytes},
                    {"seconds", checkpoints.seconds},
                    {"rest_seconds", checkpoints.rest_seconds},
                    {"copy_seconds", checkpoints.copy_seconds}};
  Put(json["newest"], "age_seconds", status.CheckpointAge());
  return json;
}

ordered_json HistoryJson(const RunHistory& history) {
  ordered_json json = {{"every", history.epochs.stride()}, {"epochs", ordered_json::array()}};
  for (const EpochPoint& point : history.epochs.Points()) json["epochs"].push_back(ToJson(point));
  for (const auto& [split, series] : history.evaluations) {
    json[split] = ordered_json::array();
    for (const EvaluationPoint& point : series.Points()) json[split].push_back(ToJson(point));
  }
  return json;
}

}  // namespace

ordered_json ToJson(const JobStatus& status) {
  const RunHistory& history = *status.history;
  ordered_json json = {{"phase", NameOf(status.phase)}, {"time", status.now}};
  if (status.result) {
    json["status"] = status.result->status;
    PutText(json, "error", status.result->error);
  }
  json["problems"] = status.Problems();
  PutText(json, "run", status.run);
  PutText(json, "page", status.page);
  PutText(json, "began", history.first_time);
  PutText(json, "last_record", history.last_time);
  for (const auto& [name, of_start] : {std::pair("version", "version"), std::pair("threads", "threads"),
                                       std::pair("begun_with_processes", "processes")}) {
    if (history.start.contains(of_start)) json[name] = history.start[of_start];
  }
  for (const auto& [name, setting] : {std::pair("data", "data"), std::pair("model", "out"),
                                      std::pair("metric", "metric"), std::pair("dim", "dim")})
    json[name] = history.Setting(setting);
  json["epochs"] = {{"done", history.epochs_done}, {"most", history.Setting("epochs")}};
  json["triples"] = status.Triples();
  json["train_seconds"] = history.train_seconds;
  if (const auto& newest = status.NewestEpoch()) json["epoch"] = ToJson(*newest);
  if (!history.staleness.is_null()) json["staleness"] = history.staleness;
  if (!history.traffic.is_null()) json["traffic"] = history.traffic;
  if (status.live) PutLive(*status.live, json);
  json["evaluation"] = ordered_json::object();
  for (const auto& [split, measured] : history.measured)
    json["evaluation"][split] = {{"epoch", measured.epoch}, {"metrics", measured.metrics}};
  if (history.best) json["best"] = {{"epoch", history.best->epoch}, {"value", history.best->value}};
  json["checkpoints"] = CheckpointsJson(status);
  json["lives"] = {{"ended", status.lives_ended}, {"triples_lost", status.triples_lost}};
  json["events"] = ordered_json::array();
  for (const RunHistory::Event& event : history.events)
    json["events"].push_back({{"time", event.time}, {"what", event.text}, {"bad", event.bad}});
  json["history"] = HistoryJson(history);
  return json;
}

}  // namespace attune::launch
