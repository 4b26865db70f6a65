#include "common/data/feature_pca.h"

#include <Eigen/Core>
#include <Eigen/Eigenvalues>
#include <Eigen/QR>
#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "common/data/feature_moments.h"
#include "common/error.h"
#include "common/random.h"
#include "common/thread.h"

namespace attune::data {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;
using RowMajor = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using ConstRows = Eigen::Ref<const RowMajor, 0, Eigen::OuterStride<>>;

constexpr Eigen::Index kPanel = 128;     ///< columns of a tile: the unit that one thread takes
constexpr Eigen::Index kSumRows = 1024;  ///< most vectors that are summed in f32
constexpr std::size_t kOversampling = 10;
constexpr int kPasses = 3;  ///< two power iterations, and the one that measures

/// out += aᵀ b.  a [n, p], b [n, q], out [p, q]
void AddProduct(const ConstRows& a, const ConstRows& b, Eigen::Ref<MatrixXd> out) {
  Eigen::MatrixXf sum;
  for (Eigen::Index row = 0; row < a.rows(); row += kSumRows) {
    const Eigen::Index rows = std::min(kSumRows, a.rows() - row);
    sum.noalias() = a.middleRows(row, rows).transpose() * b.middleRows(row, rows);
    out += sum.cast<double>();
  }
}

Eigen::Map<const RowMajor> MapRows(const FeatureBlock& block) {
  return {block.values.data(), static_cast<Eigen::Index>(block.rows), static_cast<Eigen::Index>(block.dim)};
}

VectorXd ToVector(const std::vector<double>& values) {
  return Eigen::Map<const VectorXd>(values.data(), static_cast<Eigen::Index>(values.size()));
}

/// What a pass found out beside its matrix.
struct Pass {
  std::vector<double> mean;  ///< [Dx]
  double total_variance = 0;
};

Pass ToPass(const FeatureMoments& moments) {
  return {moments.Mean(), moments.TotalVariance()};
}

/// The covariance, of which only the lower triangle is written. [Dx, Dx]
Pass Covariance(const FeatureBlocks& blocks, bool centre, MatrixXd& covariance) {
  const auto dim = static_cast<Eigen::Index>(blocks.dim());
  const Eigen::Index panels = (dim + kPanel - 1) / kPanel;
  std::vector<std::pair<Eigen::Index, Eigen::Index>> tiles;
  for (Eigen::Index i = 0; i < panels; ++i) {
    for (Eigen::Index j = 0; j <= i; ++j) tiles.emplace_back(i * kPanel, j * kPanel);
  }
  FeatureMoments moments(blocks.dim(), centre, blocks.threads());
  covariance = MatrixXd::Zero(dim, dim);
  blocks.ForEach([&](FeatureBlock& block) {
    moments.Add(block);
    const auto x = MapRows(block);
    ParallelFor(blocks.threads(), tiles.size(), "covariance", [&](unsigned, std::size_t tile) {
      const auto [i, j] = tiles[tile];
      const Eigen::Index rows = std::min(kPanel, dim - i);
      const Eigen::Index columns = std::min(kPanel, dim - j);
      AddProduct(x.middleCols(i, rows), x.middleCols(j, columns), covariance.block(i, j, rows, columns));
    });
  });
  const VectorXd rest = ToVector(moments.Rest());
  covariance /= static_cast<double>(moments.rows());
  covariance.selfadjointView<Eigen::Lower>().rankUpdate(rest, -1);
  return ToPass(moments);
}

/// product = covariance q, without the covariance.  q [Dx, l], product [Dx, l]
Pass MultiplyCovariance(const FeatureBlocks& blocks, bool centre, const MatrixXd& q, MatrixXd& product) {
  const auto dim = static_cast<Eigen::Index>(blocks.dim());
  const RowMajor directions = q.cast<float>();
  FeatureMoments moments(blocks.dim(), centre, blocks.threads());
  product = MatrixXd::Zero(dim, q.cols());
  RowMajor along;
  blocks.ForEach([&](FeatureBlock& block) {
    moments.Add(block);
    const auto x = MapRows(block);
    const auto chunk_rows = static_cast<Eigen::Index>(block.chunk_rows);
    along.resize(x.rows(), q.cols());
    ParallelFor(blocks.threads(), block.chunks(), "directions", [&](unsigned, std::size_t chunk) {
      const Eigen::Index first = static_cast<Eigen::Index>(chunk) * chunk_rows;
      const Eigen::Index rows = std::min(chunk_rows, x.rows() - first);
      along.middleRows(first, rows).noalias() = x.middleRows(first, rows) * directions;
    });
    const auto panels = static_cast<std::size_t>((dim + kPanel - 1) / kPanel);
    ParallelFor(blocks.threads(), panels, "covariance", [&](unsigned, std::size_t panel) {
      const Eigen::Index first = static_cast<Eigen::Index>(panel) * kPanel;
      const Eigen::Index rows = std::min(kPanel, dim - first);
      AddProduct(x.middleCols(first, rows), along, product.middleRows(first, rows));
    });
  });
  const VectorXd rest = ToVector(moments.Rest());
  product /= static_cast<double>(moments.rows());
  product.noalias() -= rest * (rest.transpose() * directions.cast<double>());
  return ToPass(moments);
}

/// An orthonormal basis of the columns' span. [Dx, l]
MatrixXd Orthonormal(const MatrixXd& columns) {
  const Eigen::HouseholderQR<MatrixXd> qr(columns);
  return qr.householderQ() * MatrixXd::Identity(columns.rows(), columns.cols());
}

/// Numbers of a Gaussian matrix, each a function of the seed and its place. [rows, columns]
MatrixXd Gaussian(Eigen::Index rows, Eigen::Index columns, std::uint64_t seed) {
  const random::Stream stream(seed, random::Purpose::kRangeFinder);
  MatrixXd matrix(rows, columns);
  for (Eigen::Index column = 0; column < columns; ++column) {
    for (Eigen::Index row = 0; row < rows; row += 4) {
      const auto normals =
          random::Normals(stream(static_cast<std::uint32_t>(row), static_cast<std::uint32_t>(column)));
      for (Eigen::Index n = 0; n < std::min<Eigen::Index>(4, rows - row); ++n) {
        matrix(row + n, column) = normals[static_cast<std::size_t>(n)];
      }
    }
  }
  return matrix;
}

/// Eigenvectors with the greatest eigenvalues, in descending order.
struct Directions {
  MatrixXd vectors;  ///< [Dx, N]
  VectorXd values;   ///< [N]
};

/// @param matrix  symmetric, of which the lower triangle is read
Directions Greatest(const MatrixXd& matrix, Eigen::Index count) {
  const Eigen::SelfAdjointEigenSolver<MatrixXd> solver(matrix);
  if (solver.info() != Eigen::Success) ThrowFailed("PCA: the eigenvectors of the covariance were not found");
  return {solver.eigenvectors().rightCols(count).rowwise().reverse(),
          solver.eigenvalues().tail(count).reverse()};
}

void RequireVariance(const Pass& pass) {
  if (!std::isfinite(pass.total_variance)) {
    ThrowBadInput("PCA: the numbers of the vectors are too large; use --feature-normalise l2");
  }
  if (pass.total_variance == 0) ThrowBadInput("PCA: all vectors are the same: there is nothing to project");
}

Pca ToPca(const Pass& pass, const Directions& directions, bool centre) {
  Pca pca;
  if (centre) pca.mean.assign(pass.mean.begin(), pass.mean.end());
  RowMajor projection = directions.vectors.cast<float>();
  for (Eigen::Index column = 0; column < projection.cols(); ++column) {
    Eigen::Index greatest = 0;
    projection.col(column).cwiseAbs().maxCoeff(&greatest);
    if (projection(greatest, column) < 0) projection.col(column) *= -1;
  }
  pca.projection.assign(projection.data(), projection.data() + projection.size());
  for (const double value : directions.values) pca.variances.push_back(std::max(value, 0.0));
  pca.total_variance = pass.total_variance;
  return pca;
}

Pca FitExact(const FeatureBlocks& blocks, const PcaOptions& options) {
  MatrixXd covariance;
  const Pass pass = Covariance(blocks, options.centre, covariance);
  RequireVariance(pass);
  return ToPca(pass, Greatest(covariance, static_cast<Eigen::Index>(options.dim)), options.centre);
}

Pca FitRandomised(const FeatureBlocks& blocks, const PcaOptions& options) {
  const auto dim = static_cast<Eigen::Index>(blocks.dim());
  const auto columns = static_cast<Eigen::Index>(std::min(options.dim + kOversampling, blocks.dim()));
  MatrixXd product = Gaussian(dim, columns, options.seed);
  MatrixXd basis;
  Pass pass;
  for (int n = 0; n < kPasses; ++n) {
    basis = Orthonormal(product);
    pass = MultiplyCovariance(blocks, options.centre, basis, product);
    RequireVariance(pass);
  }
  Directions directions = Greatest(basis.transpose() * product, static_cast<Eigen::Index>(options.dim));
  directions.vectors = basis * directions.vectors;
  return ToPca(pass, directions, options.centre);
}

}  // namespace

Pca FitPca(const FeatureBlocks& blocks, const PcaOptions& options) {
  return blocks.dim() <= options.exact_dim ? FitExact(blocks, options) : FitRandomised(blocks, options);
}

}  // namespace attune::data
