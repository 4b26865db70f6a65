#pragma once

#include <cstdint>
#include <vector>

#include "common/data/feature_blocks.h"

namespace attune::data {

/// Mean and sum of squares of vectors that come in blocks.
/// From each block what is close to the mean (that of the first block) is subtracted in place, so that sums
/// of squares and products do not lose digits to a large mean; without centring nothing is.
class FeatureMoments {
 public:
  FeatureMoments(std::size_t dim, bool centre, unsigned threads);

  /// Subtracts the shift from the block's vectors and adds what is left. Blocks must come in order.
  void Add(FeatureBlock& block);

  /// Mean of what is left, [Dx]; zero without centring.
  std::vector<double> Rest() const;
  /// Mean of the vectors, [Dx]; zero without centring.
  std::vector<double> Mean() const;
  /// Sum over columns of the mean squares about the mean, or about zero without centring.
  double TotalVariance() const;
  std::uint64_t rows() const { return rows_; }

 private:
  void SetShift(const FeatureBlock& block);

  bool centre_;
  unsigned threads_;
  std::uint64_t rows_ = 0;
  std::vector<float> shift_;     ///< [Dx]
  std::vector<double> sums_;     ///< [Dx], of what is left
  std::vector<double> squares_;  ///< [Dx]
};

}  // namespace attune::data
