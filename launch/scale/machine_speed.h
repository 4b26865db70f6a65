#pragma once

namespace attune::launch {

/// What processors and memory of this host can do, measured now.
struct MachineSpeed {
  double memory_bytes_per_s = 0;   ///< read and written by a = b + s c over arrays beyond the caches
  double multiply_adds_per_s = 0;  ///< of float, in registers
};

/// Measures with so many threads at once, for about a second. The best of several passes is told: a machine
/// that others use, too, can do no less.
MachineSpeed MeasureMachine(unsigned threads);

}  // namespace attune::launch
