#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/run/progress.h"
#include "launch/status/run_history.h"
#include "scheduler/survey.h"

namespace attune::launch {

/// What a run does.
enum class Phase { kStarting, kTraining, kEvaluating, kCheckpointing, kWriting, kEnded };
std::string_view NameOf(Phase phase);

/// Everything that there is to say of a run: its progress line, /metrics, /status and its page are made of
/// this. Threads: value.
struct JobStatus {
  /// A process of a job that is under way.
  struct Process {
    scheduler::Survey::Process what;
    std::optional<double> triples_per_second;
  };
  /// Of a run that is under way.
  struct Live {
    std::optional<ProgressState> progress;  ///< of the epoch
    std::uint64_t triples = 0;              ///< of the whole run, as far as is known
    std::optional<scheduler::Survey> survey;
    std::vector<Process> processes;
    std::optional<double> triples_per_second;  ///< of all processes
    std::optional<double> sync_bytes_per_second;
    std::chrono::steady_clock::time_point told{};  ///< when the job has last said anything
    double age_seconds = 0;                        ///< since then
  };
  /// How it ended.
  struct Result {
    std::string status;  ///< of result.json: "completed", "failed", …
    std::string error;
  };

  Phase phase = Phase::kStarting;
  std::string now;   ///< UTC
  std::string run;   ///< directory; empty if there is none
  std::string page;  ///< address of the live page; empty if there is none
  std::uint64_t lives_ended = 0;
  std::uint64_t triples_lost = 0;  ///< by lives that ended, and trained again
  std::shared_ptr<const RunHistory> history = std::make_shared<RunHistory>();
  std::optional<Live> live;
  std::optional<Result> result;
  std::string records_problem;  ///< why nothing is known of what the run has done; else empty

  /// Triples of the whole run.
  double Triples() const;
  /// Of the epoch that is under way or was the last one: loss of the newest that has ended.
  const std::optional<EpochPoint>& NewestEpoch() const { return history->epochs.newest(); }
  /// Seconds since the newest checkpoint, by the clock of this host; nothing without one.
  std::optional<double> CheckpointAge() const;
  /// What is wrong with the run, for people, most serious first; empty if all is well.
  std::vector<std::string> Problems() const;
};

/// A process that is there and was not heard for longer is shown as silent.
inline constexpr double kSilentSeconds = 5;
/// A job that has said nothing for longer is shown as stuck.
inline constexpr double kQuietSeconds = 30;

std::string_view NameOf(scheduler::Survey::State state);
/// Seconds from 1970 of "2026-01-31T12:00:00.123Z"; nothing if it is no such time.
std::optional<double> SecondsOfUtc(const std::string& time);

}  // namespace attune::launch
