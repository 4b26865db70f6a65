#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "common/data/dataset.h"
#include "common/random.h"
#include "common/types.h"

namespace attune::worker {

/// Part `chunk` of the positives of the user at `offset` of a slice.
struct VisitPlan {
  Index offset = 0;
  std::uint32_t chunk = 0;
};

/// Visits of all users of a slice, user by user. @param positives_of  of the user at an offset
template <typename PositivesOf>
std::vector<VisitPlan> PlanVisits(Index users, std::uint32_t positives_per_visit,
                                  PositivesOf&& positives_of) {
  std::vector<VisitPlan> plans;
  for (Index offset = 0; offset < users; ++offset) {
    const std::uint32_t count = positives_of(offset);
    for (std::uint32_t chunk = 0; chunk * positives_per_visit < count; ++chunk)
      plans.push_back({offset, chunk});
  }
  return plans;
}

/// The order of a slice's visits in an epoch: all orders are as likely.
void ShuffleVisits(std::vector<VisitPlan>& plans, std::uint64_t seed, std::uint32_t slice,
                   std::uint32_t epoch);

/// The positives of a slice in an epoch of bootstrap sampling.
struct BootstrapDraws {
  std::vector<std::pair<std::uint32_t, std::uint32_t>> draws;  ///< (interaction, draw number), sorted
  std::vector<std::uint64_t> indptr;                           ///< where each user's begin, and the end
};
/// As many interactions as the slice has, drawn with replacement.
BootstrapDraws DrawBootstrap(const data::Rows& rows, std::uint64_t seed, std::uint32_t slice,
                             std::uint32_t epoch);

}  // namespace attune::worker
