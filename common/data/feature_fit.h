#pragma once

#include <cstdint>

#include "common/data/feature_blocks.h"
#include "common/data/feature_options.h"
#include "common/data/feature_transform.h"

namespace attune::data {

/// Makes the transformation that `options` ask for from the vectors it will be applied to. What is not known
/// beforehand takes passes over them: PCA 1 or 3, the mean of a random projection 1, scale without PCA 1.
/// @param blocks  vectors, already divided by their norm if that is asked for
/// @param options  options.dim <= Dx
/// @param seed    of the random projection: Gaussian numbers with variance 1/N
/// Throws Error(kBadInput) for what FitPca refuses, and for scale if all numbers are zero.
FeatureTransform FitTransform(const FeatureBlocks& blocks, const FeatureOptions& options, std::uint64_t seed);

}  // namespace attune::data
