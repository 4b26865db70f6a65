#pragma once

#include <cstdint>
#include <vector>

#include "common/simd.h"
#include "common/table.h"

namespace attune::worker {

/// How much of what a host adds to its replicas counts. An owner sums up what hosts have added, each
/// beginning from the same row: where rounds are so long that each brings the row most of the way to where it
/// wants it, the sum goes far beyond, and comes back in the next round, and farther. So v and p of a row have
/// a weight each, one at first. An addition against the last one halves it, down to the least; any other
/// raises it by a tenth, up to one. Against the last one is an addition of which more coordinates have
/// another sign than chance explains (2.5 standard deviations of fair coins; of fewer than 7 coordinates
/// none). As in Rprop (Riedmiller and Braun, 1993), where every coordinate has a step of its own. Rows that
/// only one host moves, to and fro, are damped like others. Threads: confined.
class DeltaWeights {
 public:
  /// @param layout  of a record; optimizer's state always counts in whole
  /// @param on      if not, all counts and nothing is kept
  DeltaWeights(std::size_t rows, const RecordLayout& layout, bool on);

  /// The least weight, in (0, 1]; 1 at first.
  void SetLeast(float least);

  /// Makes of what was added to a row since the last time, in place, what counts of it.
  /// @param row    less than `rows`
  /// @param delta  [layout.floats]
  /// @returns whether that is less than all
  bool Weigh(std::size_t row, float* delta);

  /// Bytes that are kept of a row.
  static std::size_t BytesOfRow(const RecordLayout& layout);

 private:
  void Vote(std::size_t at, float size, const float* delta);

  const RecordLayout layout_;
  float least_ = 1;
  /// Of each row's v and p:
  std::vector<float> weights_;  ///< [rows, 1 or 2]
  std::vector<float> sizes_;    ///< [rows, 1 or 2], sum of absolute values of the last addition; 0: none yet
  std::vector<simd::LaneMask> signs_;  ///< [rows, 1 or 2, padded / kLanes], of the last addition
};

}  // namespace attune::worker
