#include "common/model/content_network.h"

#include <algorithm>
#include <cmath>

#include "common/error.h"
#include "common/optim/optimizer.h"
#include "common/random.h"

namespace attune::model {
namespace {

/// Rows that go through the network together when it is applied.
constexpr std::size_t kRowsAtOnce = 256;

Matrix<const float> View(const std::vector<float>& values, std::size_t cols) {
  return {values.data(), values.size() / cols, cols, cols};
}

/// out = a Wᵀ + b
void Affine(Matrix<const float> a, const std::vector<float>& w, const std::vector<float>& b,
            Matrix<float> out) {
  MultiplyTransposed(a, View(w, a.cols), out);
  for (std::size_t n = 0; n < out.rows; ++n) {
    for (std::size_t c = 0; c < out.cols; ++c) out.data[n * out.stride + c] += b[c];
  }
}

void Relu(std::span<float> values) {
  for (float& value : values) value = std::max(value, 0.0f);
}

/// Mean and deviation of each column of some rows; a column that does not vary has deviation 1.
void Moments(const RowsView& rows, std::span<const Index> which, std::vector<float>& mean,
             std::vector<float>& deviation) {
  std::vector<double> sums(rows.width), squares(rows.width);
  for (const Index row : which) {
    for (std::size_t c = 0; c < rows.width; ++c) sums[c] += rows[row][c];
  }
  const auto count = static_cast<double>(which.size());
  for (double& sum : sums) sum /= count;
  for (const Index row : which) {
    for (std::size_t c = 0; c < rows.width; ++c) squares[c] += std::pow(rows[row][c] - sums[c], 2);
  }
  mean.assign(sums.begin(), sums.end());
  deviation.resize(rows.width);
  for (std::size_t c = 0; c < rows.width; ++c) {
    const double value = std::sqrt(squares[c] / count);
    deviation[c] = value > 0 ? static_cast<float>(value) : 1.0f;
  }
}

/// An array of the network with its gradient and Adam's state.
class Parameter {
 public:
  Parameter(std::vector<float>& values, double l2)
      : values_(values), l2_(static_cast<float>(l2)), padded_(simd::Padded(values.size())) {
    std::copy(values.begin(), values.end(), row_.Zeroed(padded_));
    gradient_.Zeroed(padded_);
    state_.Zeroed(optim::StateFloats(optim::Kind::kAdam, padded_));
  }

  float* ZeroedGradient() { return gradient_.Zeroed(padded_); }
  void Step(const optim::Adam& rule) {
    rule.Step(row_.data(), state_.data(), padded_, values_.size(), 1.0f, gradient_.data(), {1.0f, l2_});
    std::copy_n(row_.data(), values_.size(), values_.begin());
  }

 private:
  std::vector<float>& values_;
  const float l2_;
  const std::size_t padded_;
  AlignedBuffer row_, gradient_, state_;
};

/// Steps of one network on rows that were standardised.
class Trainer {
 public:
  Trainer(ContentNetwork& network, const NetworkOptions& options)
      : network_(network),
        rule_{static_cast<float>(options.lr), 0.9f, 0.999f, 1e-8f},
        w1_(network.w1, options.l2),
        b1_(network.b1, 0),
        w2_(network.w2, options.l2),
        b2_(network.b2, 0) {}

  /// One step on the mean of |f(z) - t|² over the rows. @param z [n, Dx]; @param t [n, D]
  void Step(Matrix<const float> z, Matrix<const float> t) {
    const std::size_t n = z.rows, h = network_.hidden, d = network_.dim;
    float* hidden = hidden_.Reserve(n * h);
    float* out = out_.Reserve(n * d);
    float* dhidden = dhidden_.Reserve(n * h);
    Affine(z, network_.w1, network_.b1, {hidden, n, h, h});
    Relu({hidden, n * h});
    Affine({hidden, n, h, h}, network_.w2, network_.b2, {out, n, d, d});
    for (std::size_t c = 0; c < n * d; ++c) out[c] = 2.0f / static_cast<float>(n) * (out[c] - t.data[c]);
    AddTransposedProduct({out, n, d, d}, {hidden, n, h, h}, {w2_.ZeroedGradient(), d, h, h});
    AddRows(out, n, d, b2_.ZeroedGradient());
    Multiply({out, n, d, d}, View(network_.w2, h), {dhidden, n, h, h});
    for (std::size_t c = 0; c < n * h; ++c) dhidden[c] = hidden[c] > 0 ? dhidden[c] : 0.0f;
    AddTransposedProduct({dhidden, n, h, h}, z, {w1_.ZeroedGradient(), h, z.cols, z.cols});
    AddRows(dhidden, n, h, b1_.ZeroedGradient());
    for (Parameter* parameter : {&w1_, &b1_, &w2_, &b2_}) parameter->Step(rule_);
  }

 private:
  static void AddRows(const float* rows, std::size_t count, std::size_t width, float* sum) {
    for (std::size_t n = 0; n < count; ++n) {
      for (std::size_t c = 0; c < width; ++c) sum[c] += rows[n * width + c];
    }
  }

  ContentNetwork& network_;
  const optim::Adam rule_;
  Parameter w1_, b1_, w2_, b2_;
  AlignedBuffer hidden_, out_, dhidden_;
};

/// Xavier uniform, as Θ begins.
void Initialise(std::vector<float>& w, std::size_t rows, std::size_t cols, std::uint64_t seed,
                std::uint32_t layer) {
  w.resize(rows * cols);
  const double bound = std::sqrt(6.0 / static_cast<double>(rows + cols));
  const random::Stream stream(seed, random::Purpose::kNetwork, layer);
  for (std::size_t n = 0; n < w.size(); ++n) {
    w[n] = static_cast<float>(bound *
                              (2.0 * random::Unit(stream(static_cast<std::uint32_t>(n / 4))[n % 4]) - 1));
  }
}

/// Copies (row - mean) / scale of some rows.
void Standardise(const RowsView& rows, std::span<const Index> which, std::span<const float> mean,
                 std::span<const float> scale, float* out) {
  for (const Index row : which) {
    for (std::size_t c = 0; c < rows.width; ++c) *out++ = (rows[row][c] - mean[c]) / scale[c];
  }
}

/// Epochs of shuffled batches.
void Fit(ContentNetwork& network, const std::vector<float>& z, const std::vector<float>& t,
         const NetworkOptions& options, const std::function<bool()>& stop) {
  const std::size_t dx = network.feature_dim, d = network.dim, rows = t.size() / d;
  Trainer trainer(network, options);
  const random::Stream order(options.seed, random::Purpose::kNetwork, 2);
  std::vector<float> batch_z, batch_t;
  for (std::uint32_t epoch = 1; epoch <= options.epochs; ++epoch) {
    const random::Permutation shuffled(static_cast<std::uint32_t>(rows), order(epoch));
    for (std::size_t first = 0; first < rows; first += options.batch) {
      const std::size_t count = std::min(options.batch, rows - first);
      batch_z.clear();
      batch_t.clear();
      for (std::size_t n = first; n < first + count; ++n) {
        const std::size_t row = shuffled(static_cast<std::uint32_t>(n));
        batch_z.insert(batch_z.end(), z.begin() + row * dx, z.begin() + (row + 1) * dx);
        batch_t.insert(batch_t.end(), t.begin() + row * d, t.begin() + (row + 1) * d);
      }
      trainer.Step({batch_z.data(), count, dx, dx}, {batch_t.data(), count, d, d});
    }
    if (stop && stop()) return;
  }
}

}  // namespace

void ContentNetwork::Apply(Matrix<const float> x, Matrix<float> out) const {
  AlignedBuffer z_buffer, hidden_buffer;
  for (std::size_t first = 0; first < x.rows; first += kRowsAtOnce) {
    const std::size_t n = std::min(kRowsAtOnce, x.rows - first);
    float* z = z_buffer.Reserve(n * feature_dim);
    float* h = hidden_buffer.Reserve(n * hidden);
    for (std::size_t row = 0; row < n; ++row) {
      for (std::size_t c = 0; c < feature_dim; ++c)
        z[row * feature_dim + c] = (x.data[(first + row) * x.stride + c] - mean[c]) / scale[c];
    }
    Affine({z, n, feature_dim, feature_dim}, w1, b1, {h, n, hidden, hidden});
    Relu({h, n * hidden});
    Affine({h, n, hidden, hidden}, w2, b2, {out.data + first * out.stride, n, dim, out.stride});
  }
}

TrainedNetwork TrainContentNetwork(const RowsView& x, const RowsView& v, std::span<const Index> which,
                                   const NetworkOptions& options, const std::function<bool()>& stop) {
  ATTUNE_CHECK(which.size() >= 2 && options.hidden > 0 && options.batch > 0);
  TrainedNetwork result;
  ContentNetwork& network = result.network;
  network.feature_dim = x.width;
  network.hidden = options.hidden;
  network.dim = v.width;
  Moments(x, which, network.mean, network.scale);
  Initialise(network.w1, options.hidden, x.width, options.seed, 0);
  Initialise(network.w2, v.width, options.hidden, options.seed, 1);
  network.b1.assign(options.hidden, 0.0f);
  network.b2.assign(v.width, 0.0f);

  // Targets of mean 0 and a common deviation of 1, so that the rate suits vectors of any length.
  std::vector<float> mean, deviation;
  Moments(v, which, mean, deviation);
  for (const float one : deviation) result.variance += static_cast<double>(one) * one;
  const auto common = static_cast<float>(std::sqrt(result.variance / static_cast<double>(v.width)));
  std::vector<float> z(which.size() * x.width), t(which.size() * v.width);
  Standardise(x, which, network.mean, network.scale, z.data());
  Standardise(v, which, mean, std::vector<float>(v.width, common), t.data());
  Fit(network, z, t, options, stop);
  for (float& value : network.w2) value *= common;
  for (std::size_t c = 0; c < v.width; ++c) network.b2[c] = common * network.b2[c] + mean[c];

  std::vector<float> out(v.width);
  for (const Index row : which) {
    network.Apply({x[row], 1, x.width, x.stride}, {out.data(), 1, v.width, v.width});
    for (std::size_t c = 0; c < v.width; ++c) result.error += std::pow(out[c] - v[row][c], 2);
  }
  result.error /= static_cast<double>(which.size());
  return result;
}

}  // namespace attune::model
