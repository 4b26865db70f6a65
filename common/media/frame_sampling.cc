#include "common/media/frame_sampling.h"

#include <algorithm>
#include <cmath>

namespace attune::media {
namespace {

/// Times are rounded to whole ticks of the container's clock; a frame this much too early is in time.
constexpr double kTickSeconds = 1e-3;

}  // namespace

std::vector<std::uint64_t> EvenFrames(std::uint64_t count, unsigned wanted) {
  const std::uint64_t parts = std::min<std::uint64_t>(count, wanted);
  std::vector<std::uint64_t> frames(parts);
  for (std::uint64_t part = 0; part < parts; ++part) frames[part] = (2 * part + 1) * count / (2 * parts);
  return frames;
}

FrameChooser::FrameChooser(const FrameSampling& sampling, std::uint64_t count)
    : interval_(sampling.interval), most_(sampling.most) {
  if (interval_ > 0) return;
  even_ = EvenFrames(count, sampling.frames);
  most_ = even_.size();
}

bool FrameChooser::Takes(double seconds) {
  const std::uint64_t frame = frame_++;
  if (done()) return false;
  if (interval_ > 0) {
    if (seconds + kTickSeconds < next_seconds_) return false;
    next_seconds_ = interval_ * (std::floor((seconds + kTickSeconds) / interval_) + 1);
  } else if (frame != even_[taken_]) {
    return false;
  }
  ++taken_;
  return true;
}

}  // namespace attune::media
