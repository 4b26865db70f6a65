#pragma once

#include <cstddef>
#include <cstdint>

namespace attune::model {

/// A row-major matrix in memory owned elsewhere.
template <typename T>
struct Matrix {
  T* data = nullptr;
  std::size_t rows = 0;
  std::size_t cols = 0;
  std::size_t stride = 0;  ///< elements from one row to the next, >= cols
};

/// Single-threaded matrix products (Eigen); each worker thread calls its own. Outputs must not alias inputs.

/// C = A Bᵀ, or C += A Bᵀ.  A [m, k], B [n, k], C [m, n]
void MultiplyTransposed(Matrix<const float> a, Matrix<const float> b, Matrix<float> c, bool add = false);
/// C = A B, or C += A B.  A [m, k], B [k, n], C [m, n]
void Multiply(Matrix<const float> a, Matrix<const float> b, Matrix<float> c, bool add = false);
/// C += Aᵀ B.  A [k, m], B [k, n], C [m, n]
void AddTransposedProduct(Matrix<const float> a, Matrix<const float> b, Matrix<float> c);

/// Bytes of the copies that a product makes of blocks of its factors.  A [m, k], B [k, n]
std::uint64_t ProductScratchBytes(std::size_t m, std::size_t n, std::size_t k);

}  // namespace attune::model
