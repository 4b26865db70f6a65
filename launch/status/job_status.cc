#include "launch/status/job_status.h"

#include <fmt/core.h>

#include <cstdio>
#include <ctime>

#include "common/run/format.h"

namespace attune::launch {

std::string_view NameOf(Phase phase) {
  switch (phase) {
    case Phase::kStarting:
      return "starting";
    case Phase::kTraining:
      return "training";
    case Phase::kEvaluating:
      return "evaluating";
    case Phase::kCheckpointing:
      return "checkpointing";
    case Phase::kWriting:
      return "writing";
    case Phase::kEnded:
      break;
  }
  return "ended";
}

std::string_view NameOf(scheduler::Survey::State state) {
  using State = scheduler::Survey::State;
  switch (state) {
    case State::kComing:
      return "coming";
    case State::kThere:
      return "there";
    case State::kLeaving:
      return "leaving";
    case State::kLeft:
      return "left";
    case State::kDead:
      break;
  }
  return "dead";
}

std::optional<double> SecondsOfUtc(const std::string& time) {
  std::tm parts{};
  double seconds = 0;
  if (std::sscanf(time.c_str(), "%4d-%2d-%2dT%2d:%2d:%lfZ", &parts.tm_year, &parts.tm_mon, &parts.tm_mday,
                  &parts.tm_hour, &parts.tm_min, &seconds) != 6)
    return std::nullopt;
  parts.tm_year -= 1900;
  parts.tm_mon -= 1;
  return static_cast<double>(timegm(&parts)) + seconds;
}

double JobStatus::Triples() const {
  // A life that has just begun has said nothing yet.
  return live && live->progress ? static_cast<double>(live->triples) : history->triples;
}

std::optional<double> JobStatus::CheckpointAge() const {
  const auto written = SecondsOfUtc(history->checkpoints.newest_time);
  const auto at = SecondsOfUtc(now);
  if (!written || !at) return std::nullopt;
  return std::max(0.0, *at - *written);
}

std::vector<std::string> JobStatus::Problems() const {
  std::vector<std::string> problems;
  if (result && !result->error.empty())
    problems.push_back(fmt::format("The run {}: {}", result->status, result->error));
  if (!records_problem.empty()) problems.push_back(records_problem);
  if (live && phase != Phase::kEnded && live->age_seconds > kQuietSeconds) {
    problems.push_back(fmt::format("The job has said nothing for {}. Its log says what its threads wait for.",
                                   FormatDuration(live->age_seconds)));
  }
  if (history->checkpoints.last_failed)
    problems.emplace_back("The last checkpoint could not be written. Training goes on.");
  if (!live) return problems;
  for (const Process& process : live->processes) {
    if (process.what.state == scheduler::Survey::State::kDead)
      problems.push_back(fmt::format("{} is dead.", process.what.where));
    else if (process.what.silent_seconds > kSilentSeconds)
      problems.push_back(fmt::format("{} was not heard for {}.", process.what.where,
                                     FormatDuration(process.what.silent_seconds)));
  }
  return problems;
}

}  // namespace attune::launch
