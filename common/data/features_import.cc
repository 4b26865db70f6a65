#include "common/data/features_import.h"

#include <Eigen/Core>
#include <nlohmann/json.hpp>
#include <vector>

#include "common/data/feature_blocks.h"
#include "common/data/feature_fit.h"
#include "common/error.h"
#include "common/io/npy.h"
#include "common/thread.h"

namespace attune::data {
namespace fs = std::filesystem;
namespace {

using Halves = Eigen::Map<Eigen::Array<Eigen::half, Eigen::Dynamic, 1>>;

/// The transformation of another data set, if the vectors can be taken that way.
FeatureTransform TransformFrom(const std::string& dataset, const VectorFile& vectors) {
  FeatureTransform transform = LoadTransform(dataset);
  if (transform.steps.input_dim != vectors.dim()) {
    ThrowBadInput("{}: vectors of {} numbers, but the transformation of {} takes {}", vectors.path(),
                  vectors.dim(), dataset, transform.steps.input_dim);
  }
  return transform;
}

io::DType OutputType(const FeatureOptions& options, const VectorFile& vectors, const FeatureSteps& steps) {
  return options.dtype.value_or(steps.projection ? io::DType::kF16 : vectors.dtype());
}

/// Transforms and writes blocks of vectors.
class VectorWriter {
 public:
  VectorWriter(const FeatureBlocks& blocks, const FeatureTransform& transform, io::DType dtype,
               const fs::path& path)
      : blocks_(blocks), transform_(transform), dtype_(dtype), out_(path, dtype, {transform.steps.dim}) {}

  void Write() {
    blocks_.ForEach([this](FeatureBlock& block) { WriteBlock(block); });
    out_.Close();
  }
  std::uint64_t zero_vectors() const { return zero_vectors_; }

 private:
  void WriteBlock(FeatureBlock& block) {
    const std::size_t chunk_numbers = block.chunk_rows * transform_.steps.dim;
    if (!transform_.projection.empty()) projected_.resize(block.chunks() * chunk_numbers);
    if (dtype_ == io::DType::kF16) halves_.resize(block.chunks() * chunk_numbers);
    ParallelFor(blocks_.threads(), block.chunks(), "features", [&](unsigned, std::size_t chunk) {
      const std::size_t at = chunk * chunk_numbers;
      const auto room = projected_.empty() ? std::span<float>() : std::span(projected_).subspan(at);
      const std::span<float> numbers = Apply(transform_, block.Chunk(chunk), room);
      if (dtype_ == io::DType::kF16) ToHalves(numbers, std::span(halves_).subspan(at));
      RequireFinite(numbers.first(block.RowsOf(chunk) * transform_.steps.dim), at, block);
    });
    const std::size_t numbers = block.rows * transform_.steps.dim;
    if (dtype_ == io::DType::kF16) {
      out_.AppendBytes(std::as_bytes(std::span(halves_).first(numbers)));
    } else {
      out_.AppendBytes(
          std::as_bytes(std::span(projected_.empty() ? block.values : projected_).first(numbers)));
    }
    zero_vectors_ += block.zero_vectors;
  }

  /// Rounds to f16; `numbers` become what was written, which shows those that do not fit.
  static void ToHalves(std::span<float> numbers, std::span<Eigen::half> halves) {
    const auto size = static_cast<Eigen::Index>(numbers.size());
    Halves rounded(halves.data(), size);
    rounded = Eigen::Map<const Eigen::ArrayXf>(numbers.data(), size).cast<Eigen::half>();
    Eigen::Map<Eigen::ArrayXf>(numbers.data(), size) = rounded.cast<float>();
  }

  /// @param at  numbers of the block before these
  void RequireFinite(std::span<const float> numbers, std::size_t at, const FeatureBlock& block) const {
    const std::size_t bad = FindNotFinite(numbers);
    if (bad == numbers.size()) return;
    const std::uint64_t dim = transform_.steps.dim;
    ThrowBadInput("{}: number {} is too large for {}; use --feature-normalise l2 or scale{}",
                  blocks_.PlaceOf(block.first + (at + bad) / dim), (at + bad) % dim,
                  dtype_ == io::DType::kF16 ? "float16" : "float32",
                  dtype_ == io::DType::kF16 ? ", or --feature-dtype f32" : "");
  }

  const FeatureBlocks& blocks_;
  const FeatureTransform& transform_;
  io::DType dtype_;
  io::NpyWriter out_;
  std::vector<float> projected_;
  std::vector<Eigen::half> halves_;
  std::uint64_t zero_vectors_ = 0;
};

void WriteIndptr(const std::vector<std::uint64_t>& indptr, const fs::path& path) {
  io::NpyWriter writer(path, io::DType::kU64);
  writer.Append(std::span(indptr));
  writer.Close();
}

void RequireDim(const FeatureOptions& options, const VectorFile& vectors) {
  if (options.dim <= vectors.dim()) return;
  ThrowUsage("--feature-dim = {}: the vectors of {} have {} numbers; expected at most as many", options.dim,
             vectors.path(), vectors.dim());
}

}  // namespace

nlohmann::ordered_json ToJson(const FeaturesReport& report) {
  nlohmann::ordered_json json = {{"vectors", report.vectors},
                                 {"dim", report.dim},
                                 {"dtype", report.dtype},
                                 {"items_with_features", report.items_with},
                                 {"items_without_features", report.items_without},
                                 {"items_not_in_data", report.items_unused},
                                 {"zero_vectors", report.zero_vectors}};
  if (report.steps) json["transform"] = ToJson(*report.steps);
  return json;
}

void CheckFeatureFiles(const FeatureOptions& options) {
  const VectorFile file(options.vectors);
  RequireDim(options, file);
  if (!options.projection_from.empty()) TransformFrom(options.projection_from, file);
}

FeaturesReport ImportFeatures(const FeatureOptions& options, const FeatureItems& items, std::uint64_t seed,
                              unsigned threads, const fs::path& out) {
  const VectorFile file(options.vectors);
  RequireDim(options, file);
  FeatureTransform transform;
  if (!options.projection_from.empty()) transform = TransformFrom(options.projection_from, file);
  const FeatureNormalise normalise = options.projection_from.empty()
                                         ? options.normalise.value_or(FeatureNormalise::kNone)
                                         : transform.steps.normalise;
  const FeatureRows rows = ReadFeaturesIndex(options.index, file, items);
  const FeatureBlocks blocks(file, rows, items, normalise == FeatureNormalise::kL2, threads);
  if (options.projection_from.empty()) transform = FitTransform(blocks, options, seed);

  fs::create_directories(out);
  const io::DType dtype = OutputType(options, file, transform.steps);
  VectorWriter writer(blocks, transform, dtype, out / "vectors.npy");
  writer.Write();
  WriteIndptr(rows.indptr, out / "indptr.npy");
  SaveArrays(transform, out);

  FeaturesReport report;
  report.vectors = rows.indptr.back();
  report.dim = transform.steps.dim;
  report.dtype = io::DTypeCode(dtype);
  report.items_with = rows.items_with;
  report.items_without = items.count - rows.items_with;
  report.items_unused = rows.items_unused;
  report.zero_vectors = writer.zero_vectors();
  report.steps_from = options.projection_from;
  if (!transform.steps.identity()) report.steps = std::move(transform.steps);
  return report;
}

}  // namespace attune::data
