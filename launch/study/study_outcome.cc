#include "launch/study/study_outcome.h"

#include <algorithm>

namespace attune::launch {

std::optional<std::size_t> CellOutcome::BestTrial(const std::string& metric) const {
  std::optional<std::size_t> best;
  for (std::size_t trial = 0; trial < trials.size(); ++trial) {
    if (!trials[trial].record) continue;
    if (!best || trials[trial].record->Validation(metric) > trials[*best].record->Validation(metric))
      best = trial;
  }
  return best;
}

bool CellOutcome::IsWhole() const {
  return !seeds.empty() &&
         std::all_of(seeds.begin(), seeds.end(), [](const StudyRun& run) { return run.error.empty(); });
}

bool CellOutcome::AllSeedsFailed() const {
  return std::none_of(seeds.begin(), seeds.end(), [](const StudyRun& run) { return run.error.empty(); });
}

bool CellOutcome::MayChoose(const std::string& key) const {
  if (chosen) return trials[*chosen].key == key;
  return std::any_of(trials.begin(), trials.end(), [&](const StudyRun& run) { return run.key == key; });
}

bool StudyOutcome::MayChoose(const std::string& key) const {
  return std::any_of(cells.begin(), cells.end(),
                     [&](const CellOutcome& cell) { return cell.MayChoose(key); });
}

}  // namespace attune::launch
