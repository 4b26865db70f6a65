#include "common/data/feature_fit.h"

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <vector>

#include "common/data/feature_moments.h"
#include "common/data/feature_pca.h"
#include "common/error.h"
#include "common/random.h"
#include "common/thread.h"

namespace attune::data {
namespace {

void FitToComponents(const FeatureBlocks& blocks, std::uint64_t seed, FeatureTransform& transform) {
  FeatureSteps& steps = transform.steps;
  Pca pca = FitPca(blocks, {.dim = steps.dim, .centre = steps.centre, .seed = seed});
  transform.mean = std::move(pca.mean);
  transform.projection = std::move(pca.projection);
  for (const double variance : pca.variances)
    steps.explained_variance.push_back(variance / pca.total_variance);
  if (steps.normalise == FeatureNormalise::kScale) {
    double sum = 0;
    for (const double variance : pca.variances) sum += variance;
    steps.scale = static_cast<float>(std::sqrt(sum / static_cast<double>(steps.dim)));
  }
}

/// Gaussian numbers with variance 1/N, each a function of the seed and its place. [Dx, N]
std::vector<float> RandomProjection(std::size_t rows, std::size_t columns, std::uint64_t seed) {
  const random::Stream stream(seed, random::Purpose::kFeatureProjection);
  const float deviation = 1 / std::sqrt(static_cast<float>(columns));
  std::vector<float> matrix(rows * columns);
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t column = 0; column < columns; column += 4) {
      const auto normals =
          random::Normals(stream(static_cast<std::uint32_t>(row), static_cast<std::uint32_t>(column)));
      for (std::size_t n = 0; n < std::min<std::size_t>(4, columns - column); ++n) {
        matrix[row * columns + column + n] = deviation * normals[n];
      }
    }
  }
  return matrix;
}

std::vector<float> Mean(const FeatureBlocks& blocks) {
  FeatureMoments moments(blocks.dim(), true, blocks.threads());
  blocks.ForEach([&](FeatureBlock& block) { moments.Add(block); });
  const std::vector<double> mean = moments.Mean();
  return {mean.begin(), mean.end()};
}

/// Root mean square of the numbers that the transformation makes of the vectors.
double RootMeanSquare(const FeatureBlocks& blocks, const FeatureTransform& transform) {
  double sum = 0;
  std::vector<double> sums;
  std::vector<float> scratch;
  blocks.ForEach([&](FeatureBlock& block) {
    const std::size_t chunk_numbers = block.chunk_rows * transform.steps.dim;
    sums.resize(block.chunks());
    if (!transform.projection.empty()) scratch.resize(block.chunks() * chunk_numbers);
    ParallelFor(blocks.threads(), block.chunks(), "features", [&](unsigned, std::size_t chunk) {
      const auto room =
          scratch.empty() ? std::span<float>() : std::span(scratch).subspan(chunk * chunk_numbers);
      const auto numbers =
          Apply(transform, block.Chunk(chunk), room).first(block.RowsOf(chunk) * transform.steps.dim);
      sums[chunk] =
          Eigen::Map<const Eigen::ArrayXf>(numbers.data(), static_cast<Eigen::Index>(numbers.size()))
              .cast<double>()
              .square()
              .sum();
    });
    for (const double part : sums) sum += part;
  });
  return std::sqrt(sum / static_cast<double>(blocks.rows() * transform.steps.dim));
}

void RequireUsableScale(float scale) {
  if (scale > 0 && std::isfinite(scale)) return;
  ThrowBadInput(
      "--feature-normalise scale: the root mean square of all numbers is {}: there is nothing to scale",
      scale);
}

}  // namespace

FeatureTransform FitTransform(const FeatureBlocks& blocks, const FeatureOptions& options,
                              std::uint64_t seed) {
  FeatureTransform transform;
  FeatureSteps& steps = transform.steps;
  steps.normalise = options.normalise.value_or(FeatureNormalise::kNone);
  steps.input_dim = blocks.dim();
  steps.dim = options.dim > 0 ? options.dim : blocks.dim();
  const bool scale = steps.normalise == FeatureNormalise::kScale;
  if (options.dim > 0) {
    steps.projection = options.projection.value_or(FeatureProjection::kPca);
    steps.centre = options.centre.value_or(true);
  }
  if (steps.projection == FeatureProjection::kPca) {
    FitToComponents(blocks, seed, transform);
  } else {
    if (steps.projection) transform.projection = RandomProjection(steps.input_dim, steps.dim, seed);
    if (steps.centre) transform.mean = Mean(blocks);
    if (scale) steps.scale = static_cast<float>(RootMeanSquare(blocks, transform));
  }
  RequireUsableScale(steps.scale);
  return transform;
}

}  // namespace attune::data
