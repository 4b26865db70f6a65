#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "launch/status/thinned_series.h"

namespace attune::launch {

/// An epoch that was trained.
struct EpochPoint {
  std::uint32_t epoch = 0;
  double loss = 0;
  double seconds = 0;
  double triples_per_second = 0;
  double lr = 0;
  double stale_batches = 0;  ///< that 99 % of its batches were at most
};

/// An evaluation on one split.
struct EvaluationPoint {
  std::uint32_t epoch = 0;
  double hr_10 = 0, ndcg_10 = 0, hr_100 = 0, ndcg_100 = 0;
};

/// What a run has done so far: its records (metrics.jsonl), one after the other. The same for a run that is
/// under way and for one that has ended. Its size is bounded; records that make no sense leave no trace.
/// Threads: value.
struct RunHistory {
  /// What happened to the run, not what it has reached.
  struct Event {
    std::string time;
    std::string text;
    bool bad = false;
  };
  struct Checkpoints {
    std::uint64_t written = 0;
    std::uint64_t failed = 0;
    bool last_failed = false;
    std::string newest;       ///< path
    std::string newest_time;  ///< empty before the first
    std::uint64_t bytes = 0;  ///< of the newest
    double seconds = 0;       ///< from copy to disk
    double rest_seconds = 0;  ///< that training stood still for it
    double copy_seconds = 0;
  };
  struct Best {
    std::uint32_t epoch = 0;
    double value = 0;
  };

  struct Measured {
    std::uint32_t epoch = 0;
    nlohmann::ordered_json metrics;  ///< by name: "hr@10"
  };

  static constexpr std::size_t kMostEvents = 100;

  /// @param record  {"time": …, "event": …, …}
  void Note(const nlohmann::ordered_json& record);

  nlohmann::ordered_json start;       ///< the newest record of a start; null before the first
  std::string first_time, last_time;  ///< of records
  std::uint64_t records = 0;          ///< that say what happened
  std::uint64_t starts = 0;           ///< of the run and of its later lives
  std::uint64_t resumed = 0;
  std::uint32_t epochs_done = 0;
  double triples = 0;
  double train_seconds = 0;
  double evaluation_seconds = 0;
  ThinnedSeries<EpochPoint> epochs;
  std::map<std::string, ThinnedSeries<EvaluationPoint>> evaluations;  ///< by split
  std::map<std::string, Measured> measured;                           ///< the newest, by split
  std::optional<Best> best;
  nlohmann::ordered_json staleness, traffic;  ///< of the newest record that has them, else null
  Checkpoints checkpoints;
  std::deque<Event> events;    ///< the newest, oldest first
  nlohmann::ordered_json end;  ///< the record of the end; null before

  /// Of the run's settings, by name; null where it is not known.
  nlohmann::ordered_json Setting(const std::string& name) const;

 private:
  void NoteStart(const nlohmann::ordered_json& record);
  void NoteResume(const nlohmann::ordered_json& record);
  void NoteEpoch(const nlohmann::ordered_json& record);
  void NoteEvaluation(const nlohmann::ordered_json& record);
  void NoteCheckpoint(const nlohmann::ordered_json& record);
  void Tell(std::string text, bool bad = false);
};

}  // namespace attune::launch
