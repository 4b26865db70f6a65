#pragma once

#include <string>

#include "launch/status/job_status.h"

namespace attune::testing {

/// A record of metrics.jsonl.
inline nlohmann::ordered_json Record(const std::string& event, nlohmann::ordered_json fields) {
  nlohmann::ordered_json record = {{"time", "2026-01-31T12:00:00.000Z"}, {"event", event}};
  record.update(fields);
  return record;
}

inline nlohmann::ordered_json EpochRecord(std::uint32_t epoch, double loss) {
  return Record("epoch", {{"epoch", epoch},
                          {"loss", loss},
                          {"seconds", 2.0},
                          {"triples_per_second", 5e5},
                          {"lr", 0.05},
                          {"triples_total", epoch * 1000000.0},
                          {"train_seconds", 2.0 * epoch},
                          {"staleness", {{"batches", {{"median", 1}, {"p99", 7}, {"max", 9}}}}}});
}

/// Of a run of two processes, one of them dead, with something in every part of it.
inline launch::JobStatus FullStatus() {
  auto history = std::make_shared<launch::RunHistory>();
  history->Note(Record("start", {{"version", "1.2.3"},
                                 {"threads", 2},
                                 {"processes", 2},
                                 {"settings",
                                  {{"data", "d<a>ta"},
                                   {"out", "models/<best> & \"only\""},
                                   {"epochs", 40},
                                   {"dim", 64},
                                   {"metric", "ndcg@100"}}}}));
  for (std::uint32_t epoch = 1; epoch <= 10; ++epoch) history->Note(EpochRecord(epoch, 1.0 / epoch));
  const nlohmann::ordered_json metrics = {
      {"hr@10", 0.1}, {"ndcg@10", 0.05}, {"hr@100", 0.4}, {"ndcg@100", 0.2}, {"mrr", 0.04}};
  history->Note(
      Record("evaluation", {{"epoch", 5}, {"split", "validation"}, {"best", true}, {"metrics", metrics}}));
  history->Note(
      Record("evaluation", {{"epoch", 10}, {"split", "validation"}, {"best", false}, {"metrics", metrics}}));
  history->Note(Record("snapshot", {{"rest_seconds", 0.5}, {"copy_seconds", 0.25}}));
  history->Note(
      Record("checkpoint", {{"path", "run/checkpoints/00000003"}, {"bytes", 4096}, {"seconds", 1.5}}));
  history->Note(Record("checkpoint", {{"path", "run/checkpoints/00000004"}, {"failure", "disk <full>"}}));
  history->Note(Record("processes", {{"what", "rank 1 (<node>) was silent for too long"}}));

  launch::JobStatus status;
  status.phase = launch::Phase::kTraining;
  status.now = "2026-01-31T12:00:30.000Z";
  status.run = "runs/a";
  status.lives_ended = 1;
  status.triples_lost = 1234;
  status.history = history;
  status.live = launch::JobStatus::Live{};  // not emplace(): clang 14 finds that it has no default
  auto& live = *status.live;
  live.progress = {"epoch 11/40", 0.25, 5e5, "triples", {}, 59};
  live.triples = 10250000;
  live.triples_per_second = 4.5e5;
  live.sync_bytes_per_second = 1e6;
  live.age_seconds = 0.1;
  auto& survey = live.survey.emplace();
  survey.epoch = 11;
  survey.leases = 64;
  survey.leases_done = 16;
  survey.leases_out = 3;
  for (const std::uint64_t batches : {1, 2, 3, 8}) {
    survey.staleness.clocks.Add(batches);
    survey.staleness.milliseconds.Add(10 * batches);
  }
  survey.counters = {11, 22, 33, 44, 55, 66, 1 << 20, 1 << 21, 77};
  survey.changes = {1, 2, 3, 4, 5, 6};
  survey.processes.resize(2);
  survey.processes[0] = {
      0, 0, "rank 0 (a), pid 7", "a", true, true, scheduler::Survey::State::kThere, 0.5, 3, 900, 1 << 20};
  survey.processes[1] = {
      1, 2, "rank 1 (\"b\"), pid 8", "b", true, false, scheduler::Survey::State::kDead, 0, 0, 100, 1 << 19};
  live.processes = {{survey.processes[0], 4.5e5}, {survey.processes[1], {}}};
  return status;
}

}  // namespace attune::testing
