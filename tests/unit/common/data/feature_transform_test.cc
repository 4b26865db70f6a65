#include "common/data/feature_transform.h"

#include <gtest/gtest.h>

#include <Eigen/Core>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "common/data/dataset.h"
#include "common/data/features_import.h"
#include "common/error.h"
#include "common/io/json_file.h"
#include "common/random.h"
#include "tests/unit/common/data/feature_files.h"

namespace attune::data {
namespace {

using testing::FeatureFiles;
using testing::ReadTree;

constexpr std::size_t kDim = 24;
constexpr std::size_t kRows = 700;
constexpr std::uint64_t kSeed = 3;

/// 700 vectors of 24 numbers about 2 with falling variance; vector 5 is zero.
std::vector<float> Values() {
  const random::Stream stream(11, random::Purpose::kSynthetic);
  std::vector<float> values(kRows * kDim);
  for (std::size_t n = 0; n < values.size(); ++n) {
    const auto normals = random::Normals(stream(static_cast<std::uint32_t>(n)));
    values[n] = 2 + 3 * normals[0] * std::pow(0.8f, static_cast<float>(n % kDim));
    if (n / kDim == 5) values[n] = 0;
  }
  return values;
}

class FeatureTransformTest : public ::testing::Test {
 protected:
  FeatureTransformTest() {
    options_.vectors = (files_ / "v.npy").string();
    options_.index = (files_ / "index.tsv").string();
  }

  /// Imports, and makes a data set of nothing else, as far as its features are concerned.
  FeaturesReport Import(const std::string& name = "data", unsigned threads = 2) {
    const FeaturesReport report =
        ImportFeatures(options_, files_.items(), kSeed, threads, files_ / (name + "/features"));
    nlohmann::ordered_json manifest = {{"kind", kDatasetKind}, {"format_version", kDatasetVersion}};
    manifest["features"] = nlohmann::ordered_json::object();
    if (report.steps) manifest["features"]["transform"] = ToJson(*report.steps);
    io::DescribeFiles(files_ / name, manifest);
    io::WriteManifest(files_ / name, manifest);
    return report;
  }
  /// Options that transform the vectors like those of a data set.
  FeatureOptions TakenFrom(const std::string& name) const {
    FeatureOptions options;
    options.vectors = options_.vectors;
    options.index = options_.index;
    options.projection_from = (files_ / name).string();
    return options;
  }
  std::string Failure(ErrorKind kind = ErrorKind::kBadInput) {
    try {
      Import("failed");
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), kind) << error.what();
      return error.what();
    }
    return "accepted";
  }
  std::vector<float> Stored(const std::string& name = "data") {
    const io::NpyView view(files_ / (name + "/features/vectors.npy"));
    if (view.header().dtype == io::DType::kF32) return {view.As<float>().begin(), view.As<float>().end()};
    std::vector<float> values(view.header().count());
    const auto* halves = reinterpret_cast<const Eigen::half*>(view.data().data());
    for (std::size_t n = 0; n < values.size(); ++n) values[n] = static_cast<float>(halves[n]);
    return values;
  }
  std::vector<float> Array(const std::string& file, const std::string& name = "data") {
    const io::NpyView view(files_ / (name + "/features/" + file));
    return {view.As<float>().begin(), view.As<float>().end()};
  }

  FeatureFiles files_{kDim, Values()};
  FeatureOptions options_;
};

double RootMeanSquare(const std::vector<float>& values) {
  double sum = 0;
  for (const float value : values) sum += double{value} * value;
  return std::sqrt(sum / static_cast<double>(values.size()));
}

TEST_F(FeatureTransformTest, WithoutAnyVectorsStayBitForBit) {
  const FeaturesReport report = Import();
  EXPECT_EQ(Stored(), Values());
  EXPECT_EQ(report.vectors, kRows);
  EXPECT_GT(report.items_without, 0u);
  EXPECT_EQ(report.items_unused, 1u);
  EXPECT_EQ(report.zero_vectors, 1u);
  EXPECT_FALSE(report.steps.has_value());
  EXPECT_FALSE(std::filesystem::exists(files_ / "data/features/projection.npy"));
}

TEST_F(FeatureTransformTest, L2NormsAreOneAndZeroVectorsStay) {
  options_.normalise = FeatureNormalise::kL2;
  const FeaturesReport report = Import();
  EXPECT_EQ(report.zero_vectors, 1u);
  const std::vector<float> stored = Stored();
  for (std::size_t row = 0; row < kRows; ++row) {
    const double norm =
        Eigen::Map<const Eigen::VectorXf>(stored.data() + row * kDim, kDim).cast<double>().norm();
    EXPECT_NEAR(norm, row == 5 ? 0 : 1, 1e-6) << row;
  }
}

TEST_F(FeatureTransformTest, ScaleGivesARootMeanSquareOfOne) {
  options_.normalise = FeatureNormalise::kScale;
  EXPECT_NEAR(Import().steps->scale, RootMeanSquare(Values()), 1e-5);
  EXPECT_NEAR(RootMeanSquare(Stored()), 1, 1e-5);
  options_.dim = 7;
  options_.dtype = io::DType::kF32;
  for (const auto projection : {FeatureProjection::kPca, FeatureProjection::kRandom}) {
    for (const bool centre : {true, false}) {
      options_.projection = projection;
      options_.centre = centre;
      EXPECT_NE(Import().steps->scale, 1);
      EXPECT_NEAR(RootMeanSquare(Stored()), 1, 1e-5) << Name(projection) << centre;
    }
  }
}

TEST_F(FeatureTransformTest, AllComponentsGiveTheVectorsBack) {
  options_.dim = kDim;
  options_.dtype = io::DType::kF32;
  const FeaturesReport report = Import();
  double explained = 0;
  for (const double share : report.steps->explained_variance) explained += share;
  EXPECT_NEAR(explained, 1, 1e-5);
  using RowMajor = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const std::vector<float> stored = Stored();
  const std::vector<float> projection = Array("projection.npy");
  const std::vector<float> mean = Array("mean.npy");
  const RowMajor back = (Eigen::Map<const RowMajor>(stored.data(), kRows, kDim) *
                         Eigen::Map<const RowMajor>(projection.data(), kDim, kDim).transpose())
                            .rowwise() +
                        Eigen::Map<const Eigen::RowVectorXf>(mean.data(), kDim);
  const std::vector<float> values = Values();
  EXPECT_LT((back - Eigen::Map<const RowMajor>(values.data(), kRows, kDim)).cwiseAbs().maxCoeff(), 1e-4);
}

TEST_F(FeatureTransformTest, WhatIsLostIsTheVarianceThatIsNotExplained) {
  options_.dim = 4;
  options_.dtype = io::DType::kF32;
  const FeaturesReport report = Import();
  const std::vector<float> mean = Array("mean.npy");
  std::vector<float> centred = Values();
  for (std::size_t n = 0; n < centred.size(); ++n) centred[n] -= mean[n % kDim];
  const double total = std::pow(RootMeanSquare(centred), 2) * kDim;
  const double kept = std::pow(RootMeanSquare(Stored()), 2) * 4;
  double explained = 0;
  for (const double share : report.steps->explained_variance) explained += share;
  EXPECT_NEAR(kept / total, explained, 1e-4);
  EXPECT_LT(explained, 0.95);
}

TEST_F(FeatureTransformTest, RandomProjectionsAreGaussianAndKeyedByTheSeed) {
  options_.dim = 16;
  options_.projection = FeatureProjection::kRandom;
  Import();
  EXPECT_NEAR(RootMeanSquare(Array("projection.npy")), 0.25, 0.03);
  ImportFeatures(options_, files_.items(), kSeed + 1, 1, files_ / "other/features");
  EXPECT_NE(Array("projection.npy"), Array("projection.npy", "other"));
}

TEST_F(FeatureTransformTest, ThreadsDoNotChangeAByte) {
  for (const auto projection : {FeatureProjection::kPca, FeatureProjection::kRandom}) {
    for (const auto normalise : {FeatureNormalise::kL2, FeatureNormalise::kScale}) {
      options_.dim = 5;
      options_.projection = projection;
      options_.normalise = normalise;
      Import("one", 1);
      Import("three", 3);
      EXPECT_EQ(ReadTree(files_ / "one"), ReadTree(files_ / "three"));
    }
  }
}

TEST_F(FeatureTransformTest, NewItemsAreTakenLikeTheOldOnes) {
  struct Case {
    FeatureNormalise normalise;
    std::optional<FeatureProjection> projection;
  };
  for (const Case& c : {Case{FeatureNormalise::kL2, FeatureProjection::kPca},
                        Case{FeatureNormalise::kScale, FeatureProjection::kPca},
                        Case{FeatureNormalise::kScale, FeatureProjection::kRandom},
                        Case{FeatureNormalise::kL2, {}}, Case{FeatureNormalise::kScale, {}}}) {
    FeatureOptions made = options_;
    made.normalise = c.normalise;
    made.projection = c.projection;
    made.dim = c.projection ? 5 : 0;
    std::swap(made, options_);
    const FeaturesReport old_report = Import("old");
    std::swap(made, options_);
    // The same vectors from row 300 on, so that each has another place.
    std::vector<float> values = Values();
    values.erase(values.begin(), values.begin() + 300 * kDim);
    const FeatureFiles fresh(kDim, values);
    FeatureOptions options;
    options.vectors = (fresh / "v.npy").string();
    options.index = (fresh / "index.tsv").string();
    options.projection_from = (files_ / "old").string();
    const FeaturesReport report =
        ImportFeatures(options, fresh.items(), kSeed + 1, 1, files_ / "new/features");
    std::vector<float> expected = Stored("old");
    expected.erase(expected.begin(), expected.begin() + static_cast<std::ptrdiff_t>(300 * report.dim));
    EXPECT_EQ(Stored("new"), expected);
    EXPECT_EQ(ToJson(*report.steps), ToJson(*old_report.steps));
    EXPECT_EQ(report.steps_from, options.projection_from);
    if (c.projection) {
      EXPECT_EQ(Array("projection.npy", "new"), Array("projection.npy", "old"));
    }
  }
}

TEST_F(FeatureTransformTest, TheTypeIsF16WhenProjectedUnlessAskedFor) {
  EXPECT_EQ(Import().dtype, "<f4");
  options_.dtype = io::DType::kF16;
  EXPECT_EQ(Import().dtype, "<f2");
  const std::vector<float> stored = Stored();
  const std::vector<float> values = Values();
  for (std::size_t n = 0; n < values.size(); ++n)
    EXPECT_NEAR(stored[n], values[n], std::abs(values[n]) * 0x1p-11);
  options_.dtype.reset();
  options_.dim = 3;
  EXPECT_EQ(Import().dtype, "<f2");
  options_.dtype = io::DType::kF32;
  EXPECT_EQ(Import().dtype, "<f4");
}

TEST_F(FeatureTransformTest, HalvesStayBitForBit) {
  io::NpyWriter writer(files_ / "v.npy", io::DType::kF16, {kDim});
  std::vector<float> expected;
  for (std::uint32_t bits = 0; bits < kRows * kDim; ++bits) {
    // Every exponent but that of infinities; both signs; numbers below the normal ones.
    const auto half = static_cast<std::uint16_t>((bits * 4 + bits % 3) % 0x7c00 | (bits % 2 << 15));
    writer.AppendBytes(std::as_bytes(std::span(&half, 1)));
  }
  writer.Close();
  const std::string before = testing::ReadText(files_ / "v.npy");
  Import();
  EXPECT_EQ(testing::ReadText(files_ / "data/features/vectors.npy"), before);
}

TEST_F(FeatureTransformTest, NumbersThatDoNotFitNameTheirItem) {
  std::vector<float> values = Values();
  values[6 * kDim + 2] = 70'000;
  files_.Write("v.npy", values);
  options_.dtype = io::DType::kF16;
  EXPECT_CONTAINS(Failure(), "v.npy: item '4', component 0: row 6: number 2 is too large for float16");
  EXPECT_CONTAINS(Failure(), "use --feature-normalise l2 or scale, or --feature-dtype f32");
  options_.normalise = FeatureNormalise::kL2;
  EXPECT_EQ(Failure(), "accepted");
}

TEST_F(FeatureTransformTest, DimensionsThatAreNotThereAreRefused) {
  options_.dim = kDim + 1;
  EXPECT_CONTAINS(Failure(ErrorKind::kUsage), "--feature-dim = 25: the vectors of");
  options_.dim = 0;
  options_.normalise = FeatureNormalise::kL2;
  Import("old");
  options_ = TakenFrom("old");
  io::WriteNpy<float>(files_ / "v.npy", std::array<std::uint64_t, 2>{kRows * 2, kDim / 2}, Values());
  EXPECT_CONTAINS(Failure(), "vectors of 12 numbers, but the transformation of");
}

TEST_F(FeatureTransformTest, ADamagedOrMissingTransformationIsRefused) {
  Import("plain");
  options_.dim = 3;
  Import("old");
  options_ = TakenFrom("plain");
  EXPECT_CONTAINS(Failure(), "its features were stored as given");
  options_.projection_from = (files_ / "nowhere").string();
  EXPECT_CONTAINS(Failure(), "not a directory");
  options_.projection_from = (files_ / "old").string();
  EXPECT_EQ(Failure(), "accepted");
  std::string bytes = testing::ReadText(files_ / "old/features/projection.npy");
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  testing::WriteText(files_ / "old/features/projection.npy", bytes);
  EXPECT_CONTAINS(Failure(), "projection.npy: differs from its checksum");
  std::string manifest = testing::ReadText(files_ / "old/manifest.json");
  manifest.replace(manifest.find("\"pca\""), 5, "\"svd\"");
  testing::WriteText(files_ / "old/manifest.json", manifest);
  EXPECT_CONTAINS(Failure(), "manifest.json: was changed or damaged");
  manifest.replace(manifest.find(",\n  \"manifest_digest\""), std::string::npos,
                   "\n}\n");  // as early versions
  testing::WriteText(files_ / "old/manifest.json", manifest);
  EXPECT_CONTAINS(Failure(), "manifest.json: features: projection = 'svd'");
}

TEST_F(FeatureTransformTest, NumbersThatAreAllZeroHaveNoScale) {
  files_.Write("v.npy", std::vector<float>(kRows * kDim));
  options_.normalise = FeatureNormalise::kScale;
  EXPECT_CONTAINS(Failure(), "there is nothing to scale");
  options_.normalise = FeatureNormalise::kL2;
  EXPECT_EQ(Import().zero_vectors, kRows);
}

TEST(FeatureOptions, WhatCannotTakeEffectIsRefused) {
  const auto failure = [](auto change, bool features = true) {
    FeatureOptions options;
    options.vectors = features ? "v.npy" : "";
    options.index = features ? "i.tsv" : "";
    change(options);
    try {
      CheckFeatureOptions(options);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kUsage);
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  using O = FeatureOptions;
  EXPECT_EQ(failure([](O&) {}), "accepted");
  EXPECT_CONTAINS(failure([](O& o) { o.projection = FeatureProjection::kPca; }),
                  "--feature-projection cannot take effect without --feature-dim");
  EXPECT_CONTAINS(failure([](O& o) { o.centre = true; }), "--feature-centre cannot take effect without");
  EXPECT_CONTAINS(failure([](O& o) { o.dim = 3; }, false),
                  "--feature-dim cannot take effect without --features");
  EXPECT_CONTAINS(failure([](O& o) { o.dtype = io::DType::kF16; }, false), "without --features");
  EXPECT_CONTAINS(failure([](O& o) { o.projection_from = "d"; }, false), "without --features");
  EXPECT_CONTAINS(failure([](O& o) { o.normalise = FeatureNormalise::kL2; }, false), "without --features");
  EXPECT_CONTAINS(failure([](O& o) { o.index.clear(); }), "Give a --features-index");
  EXPECT_CONTAINS(failure([](O& o) { o.projection_from = "d", o.dim = 3; }),
                  "--feature-dim cannot take effect with --feature-projection-from");
  EXPECT_CONTAINS(failure([](O& o) { o.projection_from = "d", o.normalise = FeatureNormalise::kL2; }),
                  "--feature-normalise cannot take effect with");
}

}  // namespace
}  // namespace attune::data
