#include "common/data/feature_pca.h"

#include <gtest/gtest.h>

#include <Eigen/Core>
#include <Eigen/Eigenvalues>
#include <string>
#include <vector>

#include "common/error.h"
#include "common/random.h"
#include "tests/unit/common/data/feature_files.h"

namespace attune::data {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;
using RowMajor = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// Vectors [rows, dim] about a mean, whose standard deviation falls from 1 by a factor of 0.7 a direction;
/// the directions are mixed by a reflection.
RowMajor Vectors(Eigen::Index rows, Eigen::Index dim, float mean) {
  const random::Stream stream(7, random::Purpose::kSynthetic);
  RowMajor x(rows, dim);
  for (Eigen::Index row = 0; row < rows; ++row) {
    for (Eigen::Index column = 0; column < dim; ++column) {
      const auto normals =
          random::Normals(stream(static_cast<std::uint32_t>(row), static_cast<std::uint32_t>(column)));
      x(row, column) = normals[0] * std::pow(0.7f, static_cast<float>(column));
    }
  }
  Eigen::VectorXf mirror = Eigen::VectorXf::LinSpaced(dim, 1, 2).normalized();
  x -= 2 * (x * mirror) * mirror.transpose();
  x.array() += mean;
  return x;
}

struct Expected {
  VectorXd mean;
  MatrixXd directions;  ///< [dim, n]
  VectorXd variances;   ///< [n]
  double total = 0;
};

/// By the textbook, in f64.
Expected Dense(const RowMajor& vectors, Eigen::Index n, bool centre) {
  MatrixXd x = vectors.cast<double>();
  Expected expected;
  expected.mean = x.colwise().mean().transpose();
  if (centre) x.rowwise() -= expected.mean.transpose();
  const MatrixXd covariance = x.transpose() * x / static_cast<double>(x.rows());
  const Eigen::SelfAdjointEigenSolver<MatrixXd> solver(covariance);
  expected.directions = solver.eigenvectors().rightCols(n).rowwise().reverse();
  expected.variances = solver.eigenvalues().tail(n).reverse();
  expected.total = covariance.trace();
  return expected;
}

Pca Fit(const RowMajor& x, const PcaOptions& options, unsigned threads = 2) {
  const testing::FeatureFiles files(static_cast<std::size_t>(x.cols()), {x.data(), x.data() + x.size()});
  const VectorFile file((files / "v.npy").string());
  const FeatureItems items = files.items();
  const FeatureRows rows = ReadFeaturesIndex((files / "index.tsv").string(), file, items);
  constexpr std::size_t kSmallBlocks = 300 * 40;
  return FitPca(FeatureBlocks(file, rows, items, false, threads, kSmallBlocks), options);
}

void ExpectTheSame(const Pca& pca, const Expected& expected, bool centre) {
  const auto n = expected.variances.size();
  const MatrixXd w =
      Eigen::Map<const RowMajor>(pca.projection.data(), expected.directions.rows(), n).cast<double>();
  EXPECT_LT((w.transpose() * w - MatrixXd::Identity(n, n)).cwiseAbs().maxCoeff(), 1e-5);
  // Projectors on the two subspaces.
  EXPECT_LT((w * w.transpose() - expected.directions * expected.directions.transpose()).cwiseAbs().maxCoeff(),
            1e-4);
  for (Eigen::Index k = 0; k < n; ++k) {
    EXPECT_NEAR(std::abs(w.col(k).dot(expected.directions.col(k))), 1, 1e-4) << k;
    EXPECT_NEAR(pca.variances[static_cast<std::size_t>(k)] / expected.total,
                expected.variances[k] / expected.total, 1e-5)
        << k;
  }
  EXPECT_NEAR(pca.total_variance / expected.total, 1, 1e-5);
  ASSERT_EQ(pca.mean.empty(), !centre);
  for (std::size_t k = 0; k < pca.mean.size(); ++k) {
    EXPECT_NEAR(pca.mean[k], expected.mean[static_cast<Eigen::Index>(k)], 1e-6 * (1 + std::abs(pca.mean[k])));
  }
}

TEST(FeaturePca, ExactIsThatOfADenseEigenDecomposition) {
  const RowMajor x = Vectors(2000, 40, 3);
  ExpectTheSame(Fit(x, {.dim = 6}), Dense(x, 6, true), true);
  ExpectTheSame(Fit(x, {.dim = 6, .centre = false}), Dense(x, 6, false), false);
}

TEST(FeaturePca, RandomisedIsTooWhereTheVarianceFalls) {
  const RowMajor x = Vectors(2000, 40, 3);
  ExpectTheSame(Fit(x, {.dim = 6, .exact_dim = 0}), Dense(x, 6, true), true);
  ExpectTheSame(Fit(x, {.dim = 6, .centre = false, .exact_dim = 0}), Dense(x, 6, false), false);
}

TEST(FeaturePca, AMeanFarFromZeroCostsNoDigits) {
  const RowMajor x = Vectors(2000, 40, 1000);
  ExpectTheSame(Fit(x, {.dim = 6}), Dense(x, 6, true), true);
  ExpectTheSame(Fit(x, {.dim = 6, .exact_dim = 0}), Dense(x, 6, true), true);
}

TEST(FeaturePca, AllDirectionsExplainEverything) {
  const RowMajor x = Vectors(500, 5, 1);
  for (const std::size_t exact_dim : {0, 100}) {
    const Pca pca = Fit(x, {.dim = 5, .exact_dim = exact_dim});
    double sum = 0;
    for (const double variance : pca.variances) sum += variance;
    EXPECT_NEAR(sum / pca.total_variance, 1, 1e-6);
  }
}

TEST(FeaturePca, ThreadsDoNotChangeABit) {
  const RowMajor x = Vectors(1000, 150, 1);
  for (const std::size_t exact_dim : {0, 1000}) {
    const Pca one = Fit(x, {.dim = 20, .exact_dim = exact_dim}, 1);
    const Pca three = Fit(x, {.dim = 20, .exact_dim = exact_dim}, 3);
    EXPECT_EQ(one.projection, three.projection);
    EXPECT_EQ(one.mean, three.mean);
    EXPECT_EQ(one.variances, three.variances);
    EXPECT_EQ(one.total_variance, three.total_variance);
  }
}

TEST(FeaturePca, NothingToFindIsAnError) {
  const RowMajor same = RowMajor::Constant(20, 4, 0.1f);
  EXPECT_THROW(Fit(same, {.dim = 2}), Error);
  const RowMajor large = Vectors(20, 4, 0) * 1e30f;
  EXPECT_THROW(Fit(large, {.dim = 2}), Error);
  EXPECT_THROW(Fit(large, {.dim = 2, .exact_dim = 0}), Error);
}

}  // namespace
}  // namespace attune::data
