#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>

#include "launch/status/job_status.h"
#include "launch/status/rate_meter.h"

namespace attune::launch {

/// The status of the run of this process: the job says how far it is, others look. Threads: locked, and never
/// for longer than it takes to copy.
class StatusBoard {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// @param run  directory of the run; empty if it has none
  explicit StatusBoard(const std::string& run);

  /// Takes over what the run's records (metrics.jsonl) say of the time before this process, if there are any.
  /// To be called before the job says anything.
  void ReadHistory();
  void SetPage(const std::string& address);
  std::string page() const;
  /// Lives of the job that have ended before this one, and triples that went with them.
  void SetLives(std::uint64_t ended, std::uint64_t triples_lost);

  // Of the job's thread.
  void SetPhase(Phase phase);
  /// @param triples  of the whole run
  void SetProgress(const ProgressState& progress, std::uint64_t triples);
  /// Whether it is time for a SetSurvey(): once a second.
  bool WantsSurvey(Time now) const;
  void SetSurvey(scheduler::Survey survey, Time now);
  /// A line of metrics.jsonl.
  void Note(const nlohmann::ordered_json& record);

  JobStatus Look() const;

 private:
  RunHistory& HistoryLocked();

  mutable std::mutex mutex_;  // guards the rest
  JobStatus status_;
  std::shared_ptr<RunHistory> history_;  ///< the same as status_.history
  Time surveyed_{};
  std::map<std::pair<std::uint32_t, std::uint32_t>, RateMeter> triples_;  ///< by node, incarnation
  RateMeter bytes_;
};

/// While it lives, the job is in a phase; then in the one before.
class InPhase {
 public:
  InPhase(StatusBoard& board, Phase phase) : board_(board), before_(board.Look().phase) {
    board_.SetPhase(phase);
  }
  ~InPhase() { board_.SetPhase(before_); }
  InPhase(const InPhase&) = delete;
  InPhase& operator=(const InPhase&) = delete;

 private:
  StatusBoard& board_;
  const Phase before_;
};

}  // namespace attune::launch
