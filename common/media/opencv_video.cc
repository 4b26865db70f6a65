#include "common/media/opencv_video.h"

#include <stdlib.h>

#include <algorithm>
#include <mutex>
#include <opencv2/videoio.hpp>
#include <optional>

#include "common/media/extractor.h"

namespace attune::media {
namespace {

/// Keeps FFmpeg from writing to standard error: failures are reported by us. OpenCV offers only a variable of
/// the environment for it, read when the first video is opened; one that the user has set stays.
void SilenceDecoders() {
  static std::once_flag once;
  std::call_once(once, [] { setenv("OPENCV_FFMPEG_LOGLEVEL", "-8", 0); });
}

/// Only these two read files; others take names of a pattern for sequences of pictures.
cv::VideoCapture Open(const std::filesystem::path& path) {
  SilenceDecoders();
  // Absolute, so that no name is taken for an address.
  const std::string name = std::filesystem::absolute(path).string();
  cv::VideoCapture video(name, cv::CAP_FFMPEG);
  if (!video.isOpened()) video.open(name, cv::CAP_OPENCV_MJPEG);
  if (!video.isOpened()) throw UnreadableMedia("not a video that OpenCV can open");
  return video;
}

/// Time of the frame that was grabbed last; its number by the frame rate where the file does not say.
double SecondsOf(const cv::VideoCapture& video, std::uint64_t frame) {
  const double seconds = video.get(cv::CAP_PROP_POS_MSEC) / 1000;
  if (seconds > 0) return seconds;
  const double rate = video.get(cv::CAP_PROP_FPS);
  return rate > 0 ? static_cast<double>(frame) / rate : 0;
}

std::uint64_t CountFrames(const std::filesystem::path& path) {
  cv::VideoCapture video = Open(path);
  std::uint64_t count = 0;
  while (video.grab()) ++count;
  return count;
}

/// Plays the video once. Returns the number of frames that it has, if that is less than `stated` and the
/// choice depends on it.
std::optional<std::uint64_t> Play(const std::filesystem::path& path, const FrameSampling& sampling,
                                  std::uint64_t stated,
                                  const std::function<void(double, const cv::Mat&)>& use) {
  cv::VideoCapture video = Open(path);
  FrameChooser chooser(sampling, stated);
  cv::Mat picture;
  std::uint64_t frame = 0;
  for (; !chooser.done() && video.grab(); ++frame) {
    const double seconds = SecondsOf(video, frame);
    if (!chooser.Takes(seconds)) continue;
    if (!video.retrieve(picture) || picture.empty()) throw UnreadableMedia("a frame cannot be decoded");
    use(seconds, picture);
  }
  if (frame == 0) throw UnreadableMedia("no frame can be decoded");
  if (sampling.interval > 0 || chooser.done()) return std::nullopt;
  return frame;
}

}  // namespace

void ForEachFrame(const std::filesystem::path& path, const FrameSampling& sampling,
                  const std::function<void(double, const cv::Mat&)>& use,
                  const std::function<void()>& restart) {
  const double stated = Open(path).get(cv::CAP_PROP_FRAME_COUNT);
  const bool counts = sampling.interval == 0 && !(stated >= 1 && stated < 1e9);
  const std::uint64_t count = counts ? CountFrames(path) : static_cast<std::uint64_t>(std::max(1.0, stated));
  if (count == 0) throw UnreadableMedia("no frame can be decoded");
  const auto really = Play(path, sampling, count, use);
  if (!really) return;
  restart();
  if (Play(path, sampling, *really, use)) throw UnreadableMedia("its number of frames changes");
}

}  // namespace attune::media
