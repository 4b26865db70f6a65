#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/io/npy.h"

namespace attune::data {

enum class FeatureNormalise { kNone, kL2, kScale };
enum class FeatureProjection { kPca, kRandom };

/// What happens with the component vectors of items. What has no value has its default, which docs/prepare.md
/// gives, so that a setting that cannot take effect is told from one that was not given.
struct FeatureOptions {
  std::string vectors;                          ///< .npy of component vectors; empty: none
  std::string index;                            ///< which rows of it belong to which item
  std::string projection_from;                  ///< data set whose transformation is applied; empty: none
  std::optional<FeatureNormalise> normalise;    ///< default kNone
  std::uint32_t dim = 0;                        ///< numbers in a vector after the projection; 0: as given
  std::optional<FeatureProjection> projection;  ///< default kPca
  std::optional<bool> centre;                   ///< default true
  std::optional<io::DType> dtype;               ///< kF16 or kF32; default: as given, or kF16 if projected
};

const char* Name(FeatureNormalise normalise);
const char* Name(FeatureProjection projection);

/// Throws Error(kUsage) if options contradict each other or could have no effect.
void CheckFeatureOptions(const FeatureOptions& options);

}  // namespace attune::data
