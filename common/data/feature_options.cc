#include "common/data/feature_options.h"

#include <utility>

#include "common/error.h"

namespace attune::data {
namespace {

/// Refuses `flag` if it was given although `applies` is false.
void RequireEffect(bool given, bool applies, const char* flag, const char* why) {
  if (given && !applies) ThrowUsage("{} cannot take effect {}", flag, why);
}

}  // namespace

const char* Name(FeatureNormalise normalise) {
  switch (normalise) {
    case FeatureNormalise::kNone:
      return "none";
    case FeatureNormalise::kL2:
      return "l2";
    case FeatureNormalise::kScale:
      return "scale";
  }
  return "";
}

const char* Name(FeatureProjection projection) {
  return projection == FeatureProjection::kPca ? "pca" : "random";
}

void CheckFeatureOptions(const FeatureOptions& options) {
  const bool given = !options.vectors.empty();
  const bool fresh = options.projection_from.empty();
  const bool projected = options.dim > 0;
  for (const auto& [flag, is_given] : {std::pair{"--features-index", !options.index.empty()},
                                       {"--feature-normalise", options.normalise.has_value()},
                                       {"--feature-dim", projected},
                                       {"--feature-projection", options.projection.has_value()},
                                       {"--feature-centre", options.centre.has_value()},
                                       {"--feature-dtype", options.dtype.has_value()},
                                       {"--feature-projection-from", !fresh}}) {
    RequireEffect(is_given, given, flag, "without --features");
  }
  if (given && options.index.empty()) {
    ThrowUsage(
        "--features {}: which rows belong to which item? Give a --features-index with the header item, "
        "first_row, n_rows",
        options.vectors);
  }
  constexpr const char* kFrom = "with --feature-projection-from, which repeats what was done with other data";
  RequireEffect(options.normalise.has_value(), fresh, "--feature-normalise", kFrom);
  RequireEffect(projected, fresh, "--feature-dim", kFrom);
  RequireEffect(options.projection.has_value(), fresh, "--feature-projection", kFrom);
  RequireEffect(options.centre.has_value(), fresh, "--feature-centre", kFrom);
  RequireEffect(options.projection.has_value(), projected, "--feature-projection", "without --feature-dim");
  RequireEffect(options.centre.has_value(), projected, "--feature-centre", "without --feature-dim");
}

}  // namespace attune::data
