#pragma once

#include <filesystem>

namespace attune::testing {

/// How well learnt attention agrees with the planted one, means over users (alpha) and over the items of
/// their histories (beta).
struct Agreement {
  double alpha_auc = 0;   ///< that a genuine item of the history has more attention than a social one
  double alpha_mass = 0;  ///< attention on genuine items
  double beta_auc = 0;    ///< that the foreground has more attention than a component of the background
  double beta_mass = 0;   ///< attention on the foreground
};

/// Compares a model's attention with DATA/truth. Beta is left at 0 for a model without component attention.
Agreement CompareWithTruth(const std::filesystem::path& model, const std::filesystem::path& data);

}  // namespace attune::testing
