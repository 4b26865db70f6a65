#include "common/data/synth/planted_content.h"

#include <Eigen/QR>
#include <algorithm>
#include <numeric>

namespace attune::synth {
namespace {

using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// A matrix of normal numbers, its columns orthonormalised. [rows, cols], row-major
std::vector<float> RandomRotation(std::size_t rows, std::size_t cols, std::uint64_t seed) {
  Matrix gaussian(rows, cols);
  Sequence(StreamOf(seed, Draw::kRotation), 0)
      .Normals({gaussian.data(), static_cast<std::size_t>(gaussian.size())});
  const Eigen::HouseholderQR<Matrix> qr(gaussian);
  const Matrix q = qr.householderQ() * Matrix::Identity(gaussian.rows(), gaussian.cols());
  return {q.data(), q.data() + q.size()};
}

}  // namespace

PlantedContent::PlantedContent(const PlantedTruth& truth, const Options& options)
    : truth_(truth),
      dim_(options.vectors.dim),
      components_(options.vectors.components),
      aspects_(options.planted.aspects),
      marker_(static_cast<float>(options.planted.marker)),
      salience_(static_cast<float>(options.planted.salience)),
      noise_(static_cast<float>(options.planted.noise)),
      stream_(StreamOf(options.seed, Draw::kContent)),
      rotation_(RandomRotation(dim_, std::size_t{1} + aspects_, options.seed)) {}

void PlantedContent::Draw(Index item, std::span<float> out) const {
  const std::vector<std::uint8_t> is_foreground = truth_.Foreground(item);
  Sequence draws(stream_, item);
  draws.Normals(out);
  std::vector<float> raw(std::size_t{1} + aspects_);
  for (std::size_t m = 0; m < components_; ++m) {
    DrawRaw(item, is_foreground[m] != 0, draws, raw);
    for (std::size_t f = 0; f < dim_; ++f) {
      const auto row = rotation().subspan(f * raw.size(), raw.size());
      float& x = out[m * dim_ + f];
      x = std::inner_product(row.begin(), row.end(), raw.begin(), noise_ * x);
    }
  }
}

void PlantedContent::DrawRaw(Index item, bool foreground, Sequence& draws, std::span<float> raw) const {
  raw[0] = foreground ? marker_ : 0;
  for (std::uint32_t aspect = 0; aspect < aspects_; ++aspect) {
    const bool positive = foreground ? truth_.IsGenuine(item, aspect) : draws.Coin();
    raw[1 + aspect] = positive ? salience_ : -salience_;
  }
}

}  // namespace attune::synth
