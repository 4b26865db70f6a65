#include "launch/status/run_history.h"

#include <fmt/core.h>

#include <cmath>
#include <filesystem>
#include <limits>
#include <utility>

#include "launch/status/record_field.h"

namespace attune::launch {
namespace {

using nlohmann::ordered_json;

/// Of a number that a record does not have, or that nobody can have measured: NaN, which is drawn and told
/// nowhere.
double Known(const std::optional<double>& number) {
  constexpr double kGreatest = 1e30;
  return number && std::abs(*number) < kGreatest ? *number : std::numeric_limits<double>::quiet_NaN();
}

/// 1 or more; nothing if the record's makes no sense.
std::optional<std::uint32_t> EpochOf(const ordered_json& record) {
  const std::uint64_t epoch = CountOf(record, "epoch");
  if (epoch == 0 || epoch > std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
  return static_cast<std::uint32_t>(epoch);
}

std::string Named(const std::string& path) {
  return std::filesystem::path(path).filename().string();
}

}  // namespace

void RunHistory::Note(const ordered_json& record) {
  const std::string event = TextOf(record, "event");
  if (event.empty()) return;
  ++records;
  last_time = TextOf(record, "time");
  if (first_time.empty()) first_time = last_time;
  if (const auto* seconds = FieldOf(record, "evaluation_seconds"); seconds != nullptr && seconds->is_number())
    evaluation_seconds = seconds->get<double>();
  if (const auto* newer = FieldOf(record, "staleness"); newer != nullptr) staleness = *newer;
  if (const auto* newer = FieldOf(record, "traffic"); newer != nullptr) traffic = *newer;
  if (event == "start") return NoteStart(record);
  if (event == "resume") return NoteResume(record);
  if (event == "epoch") return NoteEpoch(record);
  if (event == "evaluation") return NoteEvaluation(record);
  if (event == "checkpoint") return NoteCheckpoint(record);
  if (event == "snapshot") {
    checkpoints.rest_seconds = NumberOf(record, "rest_seconds").value_or(0);
    checkpoints.copy_seconds = NumberOf(record, "copy_seconds").value_or(0);
  } else if (event == "processes") {
    Tell(TextOf(record, "what"), true);
  } else if (event == "end") {
    end = record;
    triples = NumberOf(record, "triples").value_or(triples);
    train_seconds = NumberOf(record, "train_seconds").value_or(train_seconds);
    Tell(fmt::format("{} after {} epochs", TextOf(record, "status"), CountOf(record, "epochs")));
  }
}

ordered_json RunHistory::Setting(const std::string& name) const {
  const auto* settings = FieldOf(start, "settings");
  const auto* value = settings == nullptr ? nullptr : FieldOf(*settings, name.c_str());
  return value == nullptr ? ordered_json() : *value;
}

void RunHistory::NoteStart(const ordered_json& record) {
  start = record;
  end = nullptr;
  ++starts;
  const std::uint64_t threads = CountOf(record, "threads");
  const std::uint64_t processes = std::max<std::uint64_t>(1, CountOf(record, "processes"));
  Tell(fmt::format("{}: {} {} of {} {}", starts == 1 ? "the run began" : "the run was taken up", processes,
                   processes == 1 ? "process" : "processes", threads, threads == 1 ? "thread" : "threads"),
       starts > 1);
}

/// What came after the checkpoint is trained again.
void RunHistory::NoteResume(const ordered_json& record) {
  ++resumed;
  const std::uint64_t epoch = CountOf(record, "epochs");
  epochs_done =
      static_cast<std::uint32_t>(std::min<std::uint64_t>(epoch, std::numeric_limits<std::uint32_t>::max()));
  epochs.DropAfter(epochs_done);
  for (auto& [split, points] : evaluations) points.DropAfter(epochs_done);
  std::erase_if(measured, [this](const auto& one) { return one.second.epoch > epochs_done; });
  if (best && best->epoch > epochs_done) best.reset();
  Tell(fmt::format("goes on from checkpoint {}, after epoch {}", Named(TextOf(record, "checkpoint")), epoch));
}

void RunHistory::NoteEpoch(const ordered_json& record) {
  const auto epoch = EpochOf(record);
  if (!epoch) return;
  epochs_done = *epoch;
  triples = NumberOf(record, "triples_total").value_or(triples);
  train_seconds = NumberOf(record, "train_seconds").value_or(train_seconds);
  EpochPoint point{*epoch,
                   Known(NumberOf(record, "loss")),
                   Known(NumberOf(record, "seconds")),
                   Known(NumberOf(record, "triples_per_second")),
                   Known(NumberOf(record, "lr")),
                   std::numeric_limits<double>::quiet_NaN()};
  if (const auto* stale = FieldOf(record, "staleness"); stale != nullptr) {
    if (const auto* batches = FieldOf(*stale, "batches"); batches != nullptr)
      point.stale_batches = Known(NumberOf(*batches, "p99"));
  }
  epochs.Add(point);
}

void RunHistory::NoteEvaluation(const ordered_json& record) {
  const auto epoch = EpochOf(record);
  const std::string split = TextOf(record, "split");
  const auto* metrics = FieldOf(record, "metrics");
  if (!epoch || metrics == nullptr || !metrics->is_object() || (split != "validation" && split != "test"))
    return;
  train_seconds = NumberOf(record, "train_seconds").value_or(train_seconds);
  evaluations[split].Add({*epoch, Known(NumberOf(*metrics, "hr@10")), Known(NumberOf(*metrics, "ndcg@10")),
                          Known(NumberOf(*metrics, "hr@100")), Known(NumberOf(*metrics, "ndcg@100"))});
  measured[split] = {*epoch, *metrics};
  const auto* is_best = FieldOf(record, "best");
  const auto value = NumberOf(
      *metrics, Setting("metric").is_string() ? Setting("metric").get<std::string>().c_str() : "ndcg@100");
  if (is_best != nullptr && *is_best == true && value) best = Best{*epoch, *value};
}

void RunHistory::NoteCheckpoint(const ordered_json& record) {
  const std::string failure = TextOf(record, "failure");
  const std::string path = TextOf(record, "path");
  checkpoints.last_failed = !failure.empty();
  if (!failure.empty()) {
    ++checkpoints.failed;
    Tell(fmt::format("checkpoint {} was not written: {}", Named(path), failure), true);
    return;
  }
  ++checkpoints.written;
  checkpoints.newest = path;
  checkpoints.newest_time = last_time;
  checkpoints.bytes = CountOf(record, "bytes");
  checkpoints.seconds = NumberOf(record, "seconds").value_or(0);
}

void RunHistory::Tell(std::string text, bool bad) {
  constexpr std::size_t kLongest = 500;
  text.resize(std::min(text.size(), kLongest));
  events.push_back({last_time, std::move(text), bad});
  if (events.size() > kMostEvents) events.pop_front();
}

}  // namespace attune::launch
