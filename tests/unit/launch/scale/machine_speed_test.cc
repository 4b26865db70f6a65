#include "launch/scale/machine_speed.h"

#include <gtest/gtest.h>

namespace attune::launch {
namespace {

TEST(MachineSpeed, IsOfAllThreads) {
  for (const unsigned threads : {1u, 3u}) {
    const MachineSpeed speed = MeasureMachine(threads);
    // What any processor does, and none.
    EXPECT_GT(speed.memory_bytes_per_s, 1e6);
    EXPECT_LT(speed.memory_bytes_per_s, 1e14);
    EXPECT_GT(speed.multiply_adds_per_s, 1e6);
    EXPECT_LT(speed.multiply_adds_per_s, 1e15);
  }
}

}  // namespace
}  // namespace attune::launch
