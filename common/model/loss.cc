#include "common/model/loss.h"

#include <Eigen/Core>

namespace attune::model {

double PairwiseLoss(std::span<const float> margins) {
  const Eigen::Map<const Eigen::ArrayXf> r(margins.data(), static_cast<Eigen::Index>(margins.size()));
  const float loss = ((-r).max(0.0f) + (-r.abs()).exp().log1p()).sum();
  return loss + 0.0f * r.sum();  // max() may lose a NaN: the second term keeps it
}

}  // namespace attune::model
