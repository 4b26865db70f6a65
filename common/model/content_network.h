#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "common/aligned_buffer.h"
#include "common/model/gemm.h"
#include "common/model/model_view.h"

namespace attune::model {

/// A network with one hidden layer from an item's content to its latent vector:
///   f(x) = W2 relu(W1 (x - mean) / scale + b1) + b2
/// van den Oord, Dieleman and Schrauwen, Deep content-based music recommendation (NIPS 2013), whose network
/// convolves spectrograms; features of images are the outputs of such layers already, so what is left of it
/// is its last part.
struct ContentNetwork {
  std::size_t feature_dim = 0, hidden = 0, dim = 0;  ///< Dx, H, D
  std::vector<float> mean, scale;                    ///< [Dx] of the items that it was trained on
  std::vector<float> w1, b1;                         ///< [H, Dx], [H]
  std::vector<float> w2, b2;                         ///< [D, H], [D]

  /// @param x    [n, Dx]
  /// @param out  [n, D] is written
  void Apply(Matrix<const float> x, Matrix<float> out) const;
};

struct NetworkOptions {
  std::size_t hidden = 128;
  std::uint32_t epochs = 40;
  std::size_t batch = 64;  ///< items between two steps of Adam
  double lr = 0.001;
  double l2 = 0.001;  ///< of W1 and W2
  std::uint64_t seed = 1;
};

struct TrainedNetwork {
  ContentNetwork network;
  double error = 0;     ///< mean of |f(x_l) - v_l|² over the items, of the finished network
  double variance = 0;  ///< mean of |v_l - mean v|²: the error of a network that knows nothing
};

/// Fits f(x_l) to v_l: least mean squared error, the first of the paper's two losses, by Adam over shuffled
/// items. A pure function of its arguments. Single-threaded.
/// @param x      [items, Dx]
/// @param v      [items, D]
/// @param which  rows of x and v to learn from, two or more
/// @param stop   asked after each epoch; true ends the training early
TrainedNetwork TrainContentNetwork(const RowsView& x, const RowsView& v, std::span<const Index> which,
                                   const NetworkOptions& options, const std::function<bool()>& stop = {});

}  // namespace attune::model
