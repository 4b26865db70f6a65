#include "common/model/gemm.h"

#include <Eigen/Core>

namespace attune::model {
namespace {

using RowMajor = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Stride = Eigen::OuterStride<>;

auto Map(Matrix<const float> m) {
  return Eigen::Map<const RowMajor, 0, Stride>(m.data, static_cast<Eigen::Index>(m.rows),
                                               static_cast<Eigen::Index>(m.cols),
                                               Stride(static_cast<Eigen::Index>(m.stride)));
}

auto Map(Matrix<float> m) {
  return Eigen::Map<RowMajor, 0, Stride>(m.data, static_cast<Eigen::Index>(m.rows),
                                         static_cast<Eigen::Index>(m.cols),
                                         Stride(static_cast<Eigen::Index>(m.stride)));
}

}  // namespace

void MultiplyTransposed(Matrix<const float> a, Matrix<const float> b, Matrix<float> c, bool add) {
  if (add) {
    Map(c).noalias() += Map(a) * Map(b).transpose();
  } else {
    Map(c).noalias() = Map(a) * Map(b).transpose();
  }
}

void Multiply(Matrix<const float> a, Matrix<const float> b, Matrix<float> c, bool add) {
  if (add) {
    Map(c).noalias() += Map(a) * Map(b);
  } else {
    Map(c).noalias() = Map(a) * Map(b);
  }
}

void AddTransposedProduct(Matrix<const float> a, Matrix<const float> b, Matrix<float> c) {
  Map(c).noalias() += Map(a).transpose() * Map(b);
}

std::uint64_t ProductScratchBytes(std::size_t m, std::size_t n, std::size_t k) {
  if (m == 0 || n == 0 || k == 0) return 0;
  // Eigen computes the transposed of a product of row-major matrices.
  auto rows = static_cast<Eigen::Index>(n), cols = static_cast<Eigen::Index>(m),
       depth = static_cast<Eigen::Index>(k);
  Eigen::internal::computeProductBlockingSizes<float, float>(depth, rows, cols);
  return static_cast<std::uint64_t>(depth * (rows + cols)) * sizeof(float);
}

}  // namespace attune::model
