#include "launch/study/study_progress.h"

#include <fmt/core.h>

#include <algorithm>

#include "common/run/format.h"
#include "launch/runs/words.h"

namespace attune::launch {
namespace {

constexpr std::chrono::milliseconds kRedrawPeriod(200);
constexpr std::chrono::seconds kLogPeriod(10);

}  // namespace

StudyProgress::StudyProgress(const StudyPlan& plan, const CostModel& costs, unsigned jobs,
                             ProgressLine::Output output)
    : jobs_(jobs), output_(std::move(output)), shown_(output_.now()) {
  for (const StudyCell& cell : plan.cells) {
    const std::uint64_t trainings = plan.Trainings(cell);
    work_.push_back({costs.Training(cell), trainings, 0, 0});
    work_.push_back({costs.Testing(cell), plan.Seeds(cell), 0, 0});
    trainings_ += trainings;
  }
  trainings_left_ = trainings_;
}

StudyProgress::~StudyProgress() {
  if (output_.terminal) output_.draw("");
}

void StudyProgress::Finished(std::size_t cell, Kind kind, double seconds) {
  Work& work = Of(cell, kind);
  ++work.timed;
  work.seconds += seconds;
  Spared(cell, kind);
}

void StudyProgress::Spared(std::size_t cell, Kind kind, std::uint64_t count) {
  Work& work = Of(cell, kind);
  const std::uint64_t known = std::min(work.left, count);
  work.left -= known;
  if (kind == Kind::kTraining) trainings_left_ -= known;
}

double StudyProgress::SecondsLeft() const {
  double measured = 0;
  double estimated = 0;
  for (const Work& work : work_) {
    measured += work.seconds;
    estimated += work.estimate * static_cast<double>(work.timed);
  }
  const double correction = estimated > 0 ? measured / estimated : 1;
  double left = 0;
  for (const Work& work : work_) {
    const double one =
        work.timed > 0 ? work.seconds / static_cast<double>(work.timed) : work.estimate * correction;
    left += one * static_cast<double>(work.left);
  }
  return left / jobs_;
}

std::string StudyProgress::Text(const std::vector<std::string>& running) const {
  std::string text = fmt::format("{}/{} trainings", trainings_ - trainings_left_, trainings_);
  if (!running.empty()) text += "  running: " + JoinWords(running, ", ");
  return text + fmt::format("  {} left", FormatDuration(SecondsLeft()));
}

void StudyProgress::Show(const std::vector<std::string>& running) {
  const auto now = output_.now();
  if (output_.terminal) {
    if (now - shown_ < kRedrawPeriod) return;
    output_.draw(Text(running).substr(0, output_.columns() - 1));
  } else {
    if (now - shown_ < kLogPeriod) return;
    output_.log(Text(running));
  }
  shown_ = now;
}

}  // namespace attune::launch
