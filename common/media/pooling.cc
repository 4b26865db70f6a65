#include "common/media/pooling.h"

#include "common/error.h"

namespace attune::media {
namespace {

struct Range {
  std::size_t begin;
  std::size_t end;
};

/// What part `k` of `parts` covers of `size` positions.
Range Bin(std::size_t k, std::size_t size, std::size_t parts) {
  return {k * size / parts, ((k + 1) * size + parts - 1) / parts};
}

/// @param plane  [height, width], of which rows and columns are averaged
float Average(std::span<const float> plane, std::size_t width, Range rows, Range columns) {
  double sum = 0;
  for (std::size_t y = rows.begin; y < rows.end; ++y) {
    for (std::size_t x = columns.begin; x < columns.end; ++x) sum += plane[y * width + x];
  }
  return static_cast<float>(sum /
                            static_cast<double>((rows.end - rows.begin) * (columns.end - columns.begin)));
}

}  // namespace

std::vector<float> AdaptiveAveragePool(std::span<const float> map, std::size_t channels, std::size_t height,
                                       std::size_t width, std::size_t rows, std::size_t columns) {
  ATTUNE_CHECK(map.size() == channels * height * width);
  std::vector<float> pooled;
  pooled.reserve(rows * columns * channels);
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t column = 0; column < columns; ++column) {
      for (std::size_t channel = 0; channel < channels; ++channel) {
        pooled.push_back(Average(map.subspan(channel * height * width, height * width), width,
                                 Bin(row, height, rows), Bin(column, width, columns)));
      }
    }
  }
  return pooled;
}

}  // namespace attune::media
