#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace attune::media {

/// Which frames of a video are looked at.
struct FrameSampling {
  unsigned frames = 16;  ///< evenly spaced, if `interval` is 0
  double interval = 0;   ///< seconds between frames
  unsigned most = 256;   ///< with `interval`
};

/// `wanted` frames out of `count`, evenly spaced: those at the middle of equal parts, in order, each once.
std::vector<std::uint64_t> EvenFrames(std::uint64_t count, unsigned wanted);

/// Chooses frames while a video is played.
/// Threads: confined.
class FrameChooser {
 public:
  /// @param count  frames of the video; only evenly spaced frames need it
  FrameChooser(const FrameSampling& sampling, std::uint64_t count);

  /// Whether to take the next frame, the one after that of the last call, which is shown at `seconds`.
  bool Takes(double seconds);
  /// Whether no later frame will be taken.
  bool done() const { return taken_ == most_; }

 private:
  const double interval_;
  std::vector<std::uint64_t> even_;
  std::uint64_t most_;
  std::uint64_t frame_ = 0;
  std::uint64_t taken_ = 0;
  double next_seconds_ = 0;
};

}  // namespace attune::media
