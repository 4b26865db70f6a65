#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/data/feature_options.h"

namespace attune::data {

/// How vectors x [Dx] become y [N]; what a manifest says of it.
///     y = ((x / norm) - mean) projection / scale
/// norm is the L2 norm of x with kL2, else 1; without a projection N = Dx and nothing is subtracted.
struct FeatureSteps {
  FeatureNormalise normalise = FeatureNormalise::kNone;
  std::uint64_t input_dim = 0;  ///< Dx
  std::uint64_t dim = 0;        ///< N
  std::optional<FeatureProjection> projection;
  bool centre = false;  ///< whether there is a mean
  float scale = 1;      ///< > 0; not 1 only with kScale
  /// With kPca: of the variance of the vectors that it was made from, the share of each number of y,
  /// descending. (Without centring: of the mean square.)
  std::vector<double> explained_variance;

  /// Whether vectors stay what they are.
  bool identity() const { return normalise == FeatureNormalise::kNone && !projection; }
};

/// The steps with their arrays.
struct FeatureTransform {
  FeatureSteps steps;
  std::vector<float> mean;        ///< [Dx], empty unless steps.centre
  std::vector<float> projection;  ///< [Dx, N], row-major, empty unless steps.projection
};

/// Applies what comes after the L2 norm to a chunk of vectors: subtracts the mean, projects, divides by
/// scale. A vector's outcome has the same bits whatever its place in the chunk and whatever the other vectors
/// are, as long as the chunk has the same number of rows (of which the last may be padding).
/// @param vectors  [rows, Dx], overwritten
/// @param scratch  [rows, N]; used only if there is a projection
/// @returns [rows, N] in one of the two
std::span<float> Apply(const FeatureTransform& transform, std::span<float> vectors, std::span<float> scratch);

/// Writes projection.npy [Dx, N] and mean.npy [Dx] below `directory`, those that there are.
void SaveArrays(const FeatureTransform& transform, const std::filesystem::path& directory);

/// The steps as the manifest of a data set holds them under features.transform.
nlohmann::ordered_json ToJson(const FeatureSteps& steps);

/// Reads the transformation of a prepared data set. Throws Error(kBadInput) naming the file if the data set
/// has none, or if its manifest or arrays are damaged.
FeatureTransform LoadTransform(const std::filesystem::path& dataset);

}  // namespace attune::data
