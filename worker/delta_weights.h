#pragma once

#include <cstdint>
#include <vector>

#include "common/simd.h"
#include "common/table.h"

namespace attune::worker {

/// How much of what a host adds to its replicas counts. All hosts begin a round from the same row, and its
/// owner sums up what each has added: where rounds are so long that each brings the row most of the way to
/// where it wants it, the sum goes far beyond, the next round brings it back, and farther. A host sees that
/// as an addition against its last one. Then the weight of the row's v or p is halved; as long as it is not
/// so, the weight grows by a tenth, up to 1. Which one it is the coordinates tell, as in Rprop (Riedmiller
/// and Braun, 1993; there each coordinate has a step of its own): more of them than chance explains have
/// another sign than last time. Threads: confined.
class DeltaWeights {
 public:
  /// @param layout  of a record; optimizer's state always counts in whole
  /// @param least   weight, in (0, 1]; 1: all counts, and nothing is kept
  DeltaWeights(std::size_t rows, const RecordLayout& layout, float least);

  /// Makes of what was added to a row since the last time what counts of it.
  /// @param delta  [layout.floats]
  /// @returns whether that is less than all
  bool Weigh(std::size_t row, float* delta);

  /// Bytes that are kept of a row, where weights are not all 1.
  static std::size_t BytesOfRow(const RecordLayout& layout);

 private:
  bool WeighPart(std::size_t row, std::size_t part, float* delta);

  const RecordLayout layout_;
  const float least_;
  std::vector<float> weights_;         ///< [rows, 1 or 2], of v and p
  std::vector<bool> moved_;            ///< [rows, 1 or 2], when they were weighed last
  std::vector<simd::LaneMask> signs_;  ///< [rows, 1 or 2, padded / kLanes], of the last addition
};

}  // namespace attune::worker
