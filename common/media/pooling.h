#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace attune::media {

/// Adaptive average pooling: cell (r, c) of the grid averages rows floor(r*h/R) .. ceil((r+1)*h/R) and
/// columns likewise of every channel. Sums are in double.
/// @param map  [channels, height, width]
/// @returns    [rows * columns, channels], cells row-major from the top left
std::vector<float> AdaptiveAveragePool(std::span<const float> map, std::size_t channels, std::size_t height,
                                       std::size_t width, std::size_t rows, std::size_t columns);

}  // namespace attune::media
