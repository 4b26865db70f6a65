#pragma once

#include <filesystem>
#include <functional>

#include "common/media/frame_sampling.h"

namespace cv {
class Mat;
}

namespace attune::media {

/// Plays a video from its beginning and hands over the frames that `sampling` chooses. Frames are counted,
/// never sought: containers may be wrong about their number and their key frames. Where the number that the
/// file states proves too large it is played once more.
/// @param use      called with when the frame is shown (seconds) and the frame (8-bit blue, green, red)
/// @param restart  called before the video is played again; forget all frames so far
/// Throws UnreadableMedia.
void ForEachFrame(const std::filesystem::path& path, const FrameSampling& sampling,
                  const std::function<void(double, const cv::Mat&)>& use,
                  const std::function<void()>& restart);

}  // namespace attune::media
