#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace attune::sync {

/// How replicas and owners talk.
struct Options {
  std::uint64_t generation = 0;
  bool bf16 = false;
  std::size_t frame_bytes = std::size_t{256} << 10;
  std::size_t window = 8;  ///< frames under way between two nodes in each direction
  /// Frames that were not taken for so long are sent again.
  std::chrono::milliseconds again{1000};
  /// Batches that a worker may be ahead of what it sees of others; negative: any number.
  std::int64_t bound = 0;
  /// How long an owner may wait for slower workers, where an answer without news of them would stop faster
  /// ones.
  std::chrono::milliseconds patience{20};
  /// Whether of what is added to rows that move to and fro a part counts (worker::DeltaWeights).
  bool damped = false;

  /// Rows of a frame, at least 1.
  std::size_t RowsOfFrame(std::size_t width) const {
    const std::size_t bytes = width * (bf16 ? 2 : 4) + 4;
    return frame_bytes < bytes ? 1 : frame_bytes / bytes;
  }
};

}  // namespace attune::sync
