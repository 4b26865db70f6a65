#include "launch/status/status_board.h"

#include <utility>

#include "common/error.h"
#include "common/log.h"
#include "common/run/metrics_log.h"
#include "launch/status/run_records.h"

namespace attune::launch {
namespace {

constexpr std::chrono::seconds kBetweenSurveys(1);

}  // namespace

StatusBoard::StatusBoard(const std::string& run) : history_(std::make_shared<RunHistory>()) {
  status_.run = run;
  status_.history = history_;
  status_.live = JobStatus::Live{};
  status_.live->told = std::chrono::steady_clock::now();
}

void StatusBoard::ReadHistory() {
  if (status_.run.empty()) return;
  auto history = std::make_shared<RunHistory>();
  try {
    *history = ReadRunHistory(status_.run);
  } catch (const Error& error) {  // a page that begins here is no reason not to train
    log::Warning("{}", error.what());
  }
  const std::lock_guard lock(mutex_);
  history_ = std::move(history);
  status_.history = history_;
}

void StatusBoard::SetPage(const std::string& address) {
  const std::lock_guard lock(mutex_);
  status_.page = address;
}

std::string StatusBoard::page() const {
  const std::lock_guard lock(mutex_);
  return status_.page;
}

void StatusBoard::SetLives(std::uint64_t ended, std::uint64_t triples_lost) {
  const std::lock_guard lock(mutex_);
  status_.lives_ended = ended;
  status_.triples_lost = triples_lost;
}

void StatusBoard::SetPhase(Phase phase) {
  const std::lock_guard lock(mutex_);
  status_.phase = phase;
  status_.live->told = std::chrono::steady_clock::now();
}

void StatusBoard::SetProgress(const ProgressState& progress, std::uint64_t triples) {
  const std::lock_guard lock(mutex_);
  status_.live->progress = progress;
  status_.live->triples = triples;
  status_.live->told = std::chrono::steady_clock::now();
}

bool StatusBoard::WantsSurvey(Time now) const {
  const std::lock_guard lock(mutex_);
  return now - surveyed_ >= kBetweenSurveys;
}

void StatusBoard::SetSurvey(scheduler::Survey survey, Time now) {
  const std::lock_guard lock(mutex_);
  JobStatus::Live& live = *status_.live;
  surveyed_ = live.told = now;
  live.processes.clear();
  live.triples_per_second.reset();
  for (scheduler::Survey::Process& process : survey.processes) {
    RateMeter& meter = triples_[{process.node, process.incarnation}];
    meter.Note(process.triples, now);
    const bool there = process.state == scheduler::Survey::State::kThere;
    const auto rate = there && process.works ? meter.rate() : std::nullopt;
    if (rate) live.triples_per_second = live.triples_per_second.value_or(0) + *rate;
    live.processes.push_back({process, rate});
  }
  bytes_.Note(survey.counters.bytes_sent, now);
  if (survey.processes.size() > 1) live.sync_bytes_per_second = bytes_.rate();
  live.survey = std::move(survey);
}

void StatusBoard::Note(const nlohmann::ordered_json& record) {
  const std::lock_guard lock(mutex_);
  HistoryLocked().Note(record);
  status_.live->told = std::chrono::steady_clock::now();
}

/// To be changed: a copy of its own where somebody looks at the one before.
RunHistory& StatusBoard::HistoryLocked() {
  status_.history.reset();
  if (history_.use_count() > 1) history_ = std::make_shared<RunHistory>(*history_);
  status_.history = history_;
  return *history_;
}

JobStatus StatusBoard::Look() const {
  const std::lock_guard lock(mutex_);
  JobStatus status = status_;
  status.now = FormatUtc(std::chrono::system_clock::now());
  const auto age = std::chrono::steady_clock::now() - status.live->told;
  status.live->age_seconds = std::chrono::duration<double>(age).count();
  return status;
}

}  // namespace attune::launch
