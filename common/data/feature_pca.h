#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "common/data/feature_blocks.h"

namespace attune::data {

/// Widest vectors whose whole covariance is computed: 8 bytes x Dx^2, three times over. Beyond, a randomised
/// method finds the directions in more passes and less memory.
inline constexpr std::size_t kExactPcaDim = 2048;

struct PcaOptions {
  std::size_t dim = 0;     ///< N, directions wanted, at most Dx
  bool centre = true;      ///< about the mean, or about zero
  std::uint64_t seed = 1;  ///< of the randomised method
  std::size_t exact_dim = kExactPcaDim;
};

/// Principal components of vectors.
struct Pca {
  std::vector<float> mean;  ///< [Dx], empty without centring
  std::vector<float>
      projection;  ///< [Dx, N] row-major: orthonormal columns; the greatest number of each is > 0
  std::vector<double> variances;  ///< [N], descending: mean squares along the columns
  double total_variance = 0;      ///< of all directions
};

/// Finds the N directions in which the vectors vary most, all cores together; the number of threads does not
/// change a bit. Sums are of f32 products over at most 1024 vectors, added in f64; what is close to the mean
/// is subtracted beforehand.
/// Dx <= exact_dim: the covariance in one pass, and its eigenvectors. Otherwise subspace iteration from a
/// Gaussian start with N + 10 columns in three passes (Halko, Martinsson and Tropp, "Finding structure with
/// randomness", SIAM Review 2011, algorithms 4.4 and 5.3: two power iterations, then Rayleigh and Ritz).
/// Memory: 24 bytes x Dx^2, or 40 bytes x Dx x (N + 10).
/// Throws Error(kBadInput) if the numbers are too large for f32 or all vectors are the same.
Pca FitPca(const FeatureBlocks& blocks, const PcaOptions& options);

}  // namespace attune::data
