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

double BatchOfHosts(double steps, double most, double items, double workers) {
  return std::floor(std::min(most, std::max(kLeastBatch, kStepsInLockstep * items / (steps * workers))));
}

std::uint32_t BatchOfHosts(const TrainingSpec& spec, std::span<const data::Rows> slices, Index items,
                           std::uint64_t workers) {
  return static_cast<std::uint32_t>(BatchOfHosts(StepsOfTriple(spec, slices), spec.sampling.batch_triples,
                                                 items, static_cast<double>(workers)));
}

double BatchesOfRound(double steps, double batch, double items, double workers) {
  return std::floor(std::max(1.0, kMostSteps * items / (steps * workers * batch)));
}

std::uint64_t BatchesOfRound(const TrainingSpec& spec, std::span<const data::Rows> slices, Index items,
                             std::uint64_t workers) {
  return static_cast<std::uint64_t>(BatchesOfRound(StepsOfTriple(spec, slices), spec.sampling.batch_triples,
                                                   items, static_cast<double>(workers)));
}

}  // namespace attune::launch
