#pragma once

#include <span>

namespace attune::model {

/// Σ -ln σ(r) over margins r = R̂_ij - R̂_ik (equation 5), in nats. Not finite if any margin is not.
double PairwiseLoss(std::span<const float> margins);

}  // namespace attune::model
