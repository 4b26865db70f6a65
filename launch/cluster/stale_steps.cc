#include "launch/cluster/stale_steps.h"

#include <algorithm>
#include <cmath>

namespace attune::launch {
namespace {

constexpr double kStepsInLockstep = 8;
constexpr double kMostSteps = 30;
constexpr double kLeastBatch = 64;

}  // namespace

double StepsOfTriple(const TrainingSpec& spec, std::span<const data::Rows> slices) {
  double positives = 0, steps = 0;
  const double of_visit = spec.sampling.visit_triples;
  for (const data::Rows& slice : slices) {
    for (Index user = 0; user < slice.users(); ++user) {
      const auto count = static_cast<double>(slice[user].size());
      positives += count;
      if (!spec.model.HasHistory()) continue;
      const double longest = spec.model.max_history > 0 ? spec.model.max_history : count;
      steps += std::ceil(count / of_visit) * std::min(count, longest);
    }
  }
  return 2 + (positives > 0 ? steps / positives : 0);
}

std::uint32_t BatchOfHosts(const TrainingSpec& spec, std::span<const data::Rows> slices, Index items,
                           std::uint64_t workers) {
  const double batch =
      kStepsInLockstep * items / (StepsOfTriple(spec, slices) * static_cast<double>(workers));
  return static_cast<std::uint32_t>(
      std::min<double>(spec.sampling.batch_triples, std::max(kLeastBatch, batch)));
}

std::uint64_t BatchesOfRound(const TrainingSpec& spec, std::span<const data::Rows> slices, Index items,
                             std::uint64_t workers) {
  const double steps =
      StepsOfTriple(spec, slices) * static_cast<double>(workers) * spec.sampling.batch_triples;
  return static_cast<std::uint64_t>(std::max(1.0, kMostSteps * items / steps));
}

}  // namespace attune::launch
