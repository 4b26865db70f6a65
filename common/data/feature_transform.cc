#include "common/data/feature_transform.h"

#include <Eigen/Core>
#include <array>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "common/data/dataset.h"
#include "common/data/feature_blocks.h"
#include "common/error.h"
#include "common/io/checksum.h"
#include "common/io/json_file.h"
#include "common/io/json_number.h"

namespace attune::data {
namespace fs = std::filesystem;
using nlohmann::ordered_json;
namespace {

constexpr const char* kProjectionFile = "features/projection.npy";
constexpr const char* kMeanFile = "features/mean.npy";

using RowMajor = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Numbers = Eigen::Map<Eigen::ArrayXf>;

std::uint64_t DimFromJson(const ordered_json& json, const char* key, const std::string& where) {
  const auto dim = io::WholeNumber<std::uint64_t>(json.at(key));
  if (dim == 0 || dim > std::numeric_limits<std::uint32_t>::max())
    ThrowBadInput("{}: {} = {}", where, key, dim);
  return dim;
}

FeatureNormalise NormaliseFromJson(const std::string& name, const std::string& where) {
  for (const auto value : {FeatureNormalise::kNone, FeatureNormalise::kL2, FeatureNormalise::kScale}) {
    if (name == Name(value)) return value;
  }
  ThrowBadInput("{}: normalise = '{}'", where, name);
}

FeatureProjection ProjectionFromJson(const std::string& name, const std::string& where) {
  for (const auto value : {FeatureProjection::kPca, FeatureProjection::kRandom}) {
    if (name == Name(value)) return value;
  }
  ThrowBadInput("{}: projection = '{}'", where, name);
}

/// @param where  what errors begin with
FeatureSteps StepsFromJson(const ordered_json& json, const std::string& where) {
  FeatureSteps steps;
  steps.normalise = NormaliseFromJson(json.at("normalise").get<std::string>(), where);
  steps.input_dim = DimFromJson(json, "input_dim", where);
  steps.dim = DimFromJson(json, "dim", where);
  if (json.contains("projection"))
    steps.projection = ProjectionFromJson(json.at("projection").get<std::string>(), where);
  steps.centre = json.at("centre").get<bool>();
  steps.scale = json.at("scale").get<float>();
  if (!(steps.scale > 0) || !std::isfinite(steps.scale)) ThrowBadInput("{}: scale = {}", where, steps.scale);
  if (!steps.projection && (steps.centre || steps.dim != steps.input_dim)) {
    ThrowBadInput("{}: a mean or another dim without a projection", where);
  }
  if (json.contains("explained_variance")) {
    steps.explained_variance = json.at("explained_variance").get<std::vector<double>>();
  }
  return steps;
}

/// An array of a data set, compared with its checksum.
std::vector<float> LoadArray(const fs::path& dataset, const char* name, const ordered_json& manifest,
                             std::span<const std::uint64_t> shape) {
  const fs::path path = dataset / name;
  const io::NpyView view(path);
  view.RequireShape(shape);
  const auto values = view.As<float>();
  if (io::DigestFile(path).xxh3 != manifest.at("files").at(name).at("xxh3").get<std::string>()) {
    ThrowBadInput("{}: differs from its checksum in the manifest", path.string());
  }
  if (const std::size_t bad = FindNotFinite(values); bad < values.size()) {
    ThrowBadInput("{}: number {} is infinite or not a number", path.string(), bad);
  }
  return {values.begin(), values.end()};
}

}  // namespace

std::span<float> Apply(const FeatureTransform& transform, std::span<float> vectors,
                       std::span<float> scratch) {
  const auto dim = static_cast<Eigen::Index>(transform.steps.input_dim);
  Eigen::Map<RowMajor> x(vectors.data(), static_cast<Eigen::Index>(vectors.size()) / dim, dim);
  if (!transform.mean.empty()) {
    x.rowwise() -= Eigen::Map<const Eigen::RowVectorXf>(transform.mean.data(), dim);
  }
  std::span<float> outcome = vectors;
  if (!transform.projection.empty()) {
    const auto projected_dim = static_cast<Eigen::Index>(transform.steps.dim);
    outcome = scratch.first(static_cast<std::size_t>(x.rows() * projected_dim));
    Eigen::Map<RowMajor>(outcome.data(), x.rows(), projected_dim).noalias() =
        x * Eigen::Map<const RowMajor>(transform.projection.data(), dim, projected_dim);
  }
  if (transform.steps.scale != 1) {
    Numbers(outcome.data(), static_cast<Eigen::Index>(outcome.size())) /= transform.steps.scale;
  }
  return outcome;
}

void SaveArrays(const FeatureTransform& transform, const fs::path& directory) {
  const FeatureSteps& steps = transform.steps;
  if (!transform.projection.empty()) {
    io::WriteNpy<float>(directory / "projection.npy", std::array{steps.input_dim, steps.dim},
                        transform.projection);
  }
  if (!transform.mean.empty()) {
    io::WriteNpy<float>(directory / "mean.npy", std::array{steps.input_dim}, transform.mean);
  }
}

ordered_json ToJson(const FeatureSteps& steps) {
  ordered_json json = {
      {"normalise", Name(steps.normalise)}, {"input_dim", steps.input_dim}, {"dim", steps.dim}};
  if (steps.projection) json["projection"] = Name(*steps.projection);
  json["centre"] = steps.centre;
  json["scale"] = steps.scale;
  if (!steps.explained_variance.empty()) json["explained_variance"] = steps.explained_variance;
  return json;
}

FeatureTransform LoadTransform(const fs::path& dataset) {
  const ordered_json manifest = io::ReadManifest(dataset, kDatasetKind, kDatasetVersion);
  const fs::path path = dataset / "manifest.json";
  if (!manifest.contains("features")) ThrowBadInput("{}: the data set has no features", path.string());
  if (!manifest.at("features").contains("transform")) {
    ThrowBadInput("{}: its features were stored as given; there is no transformation to apply",
                  path.string());
  }
  FeatureTransform transform;
  try {
    transform.steps = StepsFromJson(manifest.at("features").at("transform"), path.string() + ": features");
    const FeatureSteps& steps = transform.steps;
    if (steps.projection) {
      transform.projection =
          LoadArray(dataset, kProjectionFile, manifest, std::array{steps.input_dim, steps.dim});
    }
    if (steps.centre) transform.mean = LoadArray(dataset, kMeanFile, manifest, std::array{steps.input_dim});
  } catch (const ordered_json::exception& failure) {
    ThrowBadInput("{}: features: {}", path.string(), failure.what());
  }
  return transform;
}

}  // namespace attune::data
