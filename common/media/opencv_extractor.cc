#include "common/media/opencv_extractor.h"

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <mutex>
#include <opencv2/core/version.hpp>
#include <opencv2/imgcodecs.hpp>
#include <system_error>
#include <utility>

#include "common/error.h"
#include "common/media/opencv_network.h"
#include "common/media/opencv_video.h"
#include "common/media/pooling.h"

namespace attune::media {
namespace {

/// Keeps FFmpeg from writing to standard error: failures are reported by us. OpenCV offers only a variable of
/// the environment for it, read when the first video is opened; one that the user has set stays.
void SilenceDecoders() {
  static std::once_flag once;
  std::call_once(once, [] { setenv("OPENCV_FFMPEG_LOGLEVEL", "-8", 0); });
}

/// 8-bit blue, green, red, turned as the file says (EXIF).
cv::Mat ReadPicture(const std::filesystem::path& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) throw UnreadableMedia("is a directory");
  if (!std::ifstream(path, std::ios::binary)) throw UnreadableMedia("cannot be opened");
  cv::Mat picture;
  try {
    picture = cv::imread(path.string(), cv::IMREAD_COLOR);
  } catch (const cv::Exception& failure) {
    throw UnreadableMedia("cannot be decoded: " + failure.err);
  }
  if (picture.empty()) throw UnreadableMedia("not a picture that OpenCV can decode");
  return picture;
}

class OpenCvExtractor : public Extractor {
 public:
  explicit OpenCvExtractor(const ExtractorOptions& options)
      : options_(options), network_(options.model, options.layer, options.preprocessing) {
    SilenceDecoders();
  }

  Components Extract(const MediaFile& file) override {
    return file.kind == MediaKind::kImage ? OfImage(file) : OfVideo(file);
  }

 private:
  Components OfImage(const MediaFile& file) {
    const LayerOutput output = network_.Run(ReadPicture(file.path));
    Components components;
    components.dim = output.channels;
    // A layer without extent says the same of every cell.
    components.grid = output.height * output.width == 1 ? Grid{1, 1} : options_.grid;
    components.vectors = AdaptiveAveragePool(output.values, output.channels, output.height, output.width,
                                             components.grid.rows, components.grid.columns);
    return components;
  }

  Components OfVideo(const MediaFile& file) {
    Components components;
    const auto use = [&](double seconds, const cv::Mat& frame) {
      const LayerOutput output = network_.Run(frame);
      const std::vector<float> vector =
          AdaptiveAveragePool(output.values, output.channels, output.height, output.width, 1, 1);
      components.dim = output.channels;
      components.vectors.insert(components.vectors.end(), vector.begin(), vector.end());
      components.frame_seconds.push_back(seconds);
    };
    try {
      ForEachFrame(file.path, options_.frames, use, [&] { components = Components(); });
    } catch (const cv::Exception& failure) {
      throw UnreadableMedia("cannot be decoded: " + failure.err);
    }
    return components;
  }

  const ExtractorOptions options_;
  OpenCvNetwork network_;
};

}  // namespace

const char* OpenCvName() {
  return "OpenCV " CV_VERSION;
}

std::unique_ptr<Extractor> MakeOpenCvExtractor(const ExtractorOptions& options) {
  return std::make_unique<OpenCvExtractor>(options);
}

}  // namespace attune::media
