#include "common/media/frame_sampling.h"

#include <gtest/gtest.h>

namespace attune::media {
namespace {

using Frames = std::vector<std::uint64_t>;

Frames Taken(const FrameSampling& sampling, std::uint64_t count, double rate) {
  FrameChooser chooser(sampling, count);
  Frames taken;
  for (std::uint64_t frame = 0; frame < count; ++frame) {
    if (chooser.Takes(static_cast<double>(frame) / rate)) taken.push_back(frame);
  }
  return taken;
}

TEST(FrameSampling, EvenFramesAreTheMiddlesOfEqualParts) {
  EXPECT_EQ(EvenFrames(300, 3), (Frames{50, 150, 250}));
  EXPECT_EQ(EvenFrames(1, 16), (Frames{0}));
  EXPECT_EQ(EvenFrames(3, 16), (Frames{0, 1, 2}));
  EXPECT_EQ(EvenFrames(0, 16), Frames());
}

TEST(FrameSampling, TakesEvenFramesAsTheyPass) {
  EXPECT_EQ(Taken({.frames = 2}, 8, 25), (Frames{2, 6}));
}

TEST(FrameSampling, TakesTheFirstFrameOfEveryInterval) {
  EXPECT_EQ(Taken({.frames = 16, .interval = 0.5, .most = 256}, 10, 5), (Frames{0, 3, 5, 8}));
}

TEST(FrameSampling, AnIntervalStopsAtTheMostFrames) {
  EXPECT_EQ(Taken({.frames = 16, .interval = 1, .most = 2}, 100, 10), (Frames{0, 10}));
}

}  // namespace
}  // namespace attune::media
